/** A small strict reader of what the XML writer may write: enough to see that a text is well-formed. */
export interface Read {
  name: string;
  attributes: Record<string, string>;
  children: Read[];
  text: string;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };

function decode(text: string): string {
  if (/[<>]/.test(text)) throw new Error(`bare angle in ${text}`);
  return text.replace(/&([^;]*);?/g, (whole, name: string) => {
    if (!whole.endsWith(';')) throw new Error(`bare ampersand in ${text}`);
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    const entity = ENTITIES[name];
    if (entity === undefined) throw new Error(`unknown entity ${name}`);
    return entity;
  });
}

function attributesIn(tag: string): Record<string, string> {
  const made: Record<string, string> = {};
  const rest = tag.replace(/ ([\w:]+)="([^"<]*)"/g, (_, name: string, value: string) => {
    if (name in made) throw new Error(`attribute ${name} twice`);
    made[name] = decode(value);
    return '';
  });
  if (rest !== '') throw new Error(`not attributes: ${rest}`);
  return made;
}

/** The root element, or an error when the text is not well-formed. */
export function readXml(xml: string): Read {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!xml.startsWith(declaration)) throw new Error('no declaration');
  const top: Read = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  for (const [, close, name, attributes, text] of xml
    .slice(declaration.length)
    .matchAll(/<(\/?)([\w:]+)((?: [^<>]*)?)>|([^<]+)|(.)/gs)) {
    const here = open.at(-1)!;
    if (text !== undefined) here.text += decode(text);
    else if (name === undefined) throw new Error('a < that opens nothing');
    else if (close) {
      if (here.name !== name) throw new Error(`${name} closes ${here.name}`);
      open.pop();
    } else {
      const child: Read = { name, attributes: attributesIn(attributes ?? ''), children: [], text: '' };
      here.children.push(child);
      open.push(child);
    }
  }
  if (open.length !== 1 || top.children.length !== 1 || top.text.trim() !== '')
    throw new Error('not one root');
  return top.children[0]!;
}

/** All elements at a path of names below an element. */
export function at(element: Read, ...names: string[]): Read[] {
  return names.reduce(
    (found, name) => found.flatMap((each) => each.children.filter((child) => child.name === name)),
    [element],
  );
}

/** The text of the only element at a path; undefined where there is none. */
export const textAt = (element: Read, ...names: string[]): string | undefined =>
  at(element, ...names)[0]?.text;
