/** An element of a well-formed document; names keep their prefix. */
export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  /** Text directly inside, trimmed. */
  text: string;
}

/** Says where a document is not well-formed. */
export class NotWellFormed extends Error {}

const NAME = /[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?/y;
const ATTRIBUTE = /\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeText(text: string): string {
  return text.replace(/&([^;&]*;?)/g, (whole, inner: string) => {
    const name = inner.slice(0, -1);
    if (inner.endsWith(';') && Object.hasOwn(ENTITIES, name)) return ENTITIES[name]!;
    const number = /^#(?:(\d{1,7})|x([0-9a-fA-F]{1,6}));$/.exec(inner);
    const point = number?.[1] ? Number(number[1]) : Number.parseInt(number?.[2] ?? '', 16);
    if (point > 0 && point <= 0x10ffff) return String.fromCodePoint(point);
    throw new NotWellFormed(`the reference ${whole} is not known`);
  });
}

/**
 * Reads XML 1.0 without a document type: such a one could declare entities, and no invoice needs it.
 *
 * @throws NotWellFormed
 */
export function readXml(xml: string): Element {
  const top: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  let at = xml.startsWith('\uFEFF') ? 1 : 0;

  const upTo = (end: string, from: number): string => {
    const found = xml.indexOf(end, from);
    if (found < 0) throw new NotWellFormed(`"${end}" is missing`);
    at = found + end.length;
    return xml.slice(from, found);
  };
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(xml);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const addText = (text: string): void => {
    const inside = open.at(-1)!;
    if (inside === top && text.trim() !== '') throw new NotWellFormed('there is text outside the root');
    inside.text += text;
  };
  const closeElement = (): void => {
    const name = upTo('>', at + 2).trimEnd();
    const closed = open.pop()!;
    if (closed === top || closed.name !== name) throw new NotWellFormed(`</${name}> closes nothing`);
    closed.text = closed.text.trim();
  };
  const openElement = (): void => {
    at += 1;
    const name = match(NAME)?.[0];
    if (!name) throw new NotWellFormed(`"<" stands alone at ${at}`);
    const element: Element = { name, attributes: {}, children: [], text: '' };
    for (let found = match(ATTRIBUTE); found; found = match(ATTRIBUTE)) {
      if (Object.hasOwn(element.attributes, found[1]!)) throw new NotWellFormed(`${found[1]} is there twice`);
      element.attributes[found[1]!] = unescapeText(found[2] ?? found[3] ?? '');
    }
    open.at(-1)!.children.push(element);
    const end = match(/\s*(\/?)>/y);
    if (!end) throw new NotWellFormed(`<${name}> is not closed`);
    if (!end[1]) open.push(element);
  };

  while (at < xml.length) {
    if (xml[at] !== '<') {
      const next = xml.indexOf('<', at);
      const text = xml.slice(at, next < 0 ? xml.length : next);
      at += text.length;
      addText(unescapeText(text));
    } else if (xml.startsWith('<?', at)) upTo('?>', at);
    else if (xml.startsWith('<!--', at)) upTo('-->', at + 4);
    else if (xml.startsWith('<![CDATA[', at)) addText(upTo(']]>', at + 9));
    else if (xml.startsWith('<!', at)) throw new NotWellFormed('a document type is not allowed');
    else if (xml.startsWith('</', at)) closeElement();
    else openElement();
  }
  if (open.length > 1) throw new NotWellFormed(`<${open.at(-1)!.name}> is not closed`);
  if (top.children.length !== 1) throw new NotWellFormed('there is no single root');
  return top.children[0]!;
}

/** The first element at a path of local names, e.g. `AccountingSupplierParty/Party/EndpointID`. */
export function find(element: Element, path: string): Element | undefined {
  let found: Element | undefined = element;
  for (const name of path.split('/')) found = found?.children.find((child) => localName(child) === name);
  return found;
}

export const localName = ({ name }: Element): string => name.slice(name.indexOf(':') + 1);
