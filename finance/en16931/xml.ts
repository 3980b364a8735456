import { FinanceError } from '../../errors';

/** An element: a text or children, and attributes in the order they are written. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  content: string | XmlElement[];
}

type Child = XmlElement | undefined | false;

/** An element with children; absent children are left out. */
export const element = (
  name: string,
  children: readonly Child[],
  attributes: Record<string, string> = {},
): XmlElement => ({
  name,
  attributes,
  content: children.filter((child): child is XmlElement => Boolean(child)),
});

/** An element with a text, or nothing where there is no text. */
export const text = (
  name: string,
  content: string | undefined,
  attributes: Record<string, string> = {},
): XmlElement | undefined =>
  content === undefined || content === '' ? undefined : { name, attributes, content };

/** What `Char` of XML 1.0 leaves out; a lone surrogate is matched by the `u` flag. */
const ILLEGAL = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;
const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

function legal(content: string, where: string): string {
  const illegal = ILLEGAL.exec(content)?.[0];
  if (illegal === undefined) return content;
  const code = illegal.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  throw new FinanceError('EINVOICE_INVALID', {
    message: `${where} holds the character U+${code}, which XML cannot carry.`,
  });
}

const escapeText = (content: string, where: string): string =>
  legal(content, where).replace(/[&<>\r]/g, (each) => ESCAPES[each]!);
const escapeAttribute = (content: string, where: string): string =>
  legal(content, where).replace(/[&<>"\t\n\r]/g, (each) => ESCAPES[each]!);

function writeElement({ name, attributes, content }: XmlElement, indent: string): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escapeAttribute(value, `${name}/@${key}`)}"`,
  );
  const open = `${indent}<${name}${written.join('')}>`;
  if (typeof content === 'string') return `${open}${escapeText(content, name)}</${name}>`;
  return `${open}\n${content.map((child) => `${writeElement(child, `${indent}  `)}\n`).join('')}${indent}</${name}>`;
}

/**
 * The document as text, UTF-8, always the same for the same tree.
 * @throws FinanceError EINVOICE_INVALID on a character that XML 1.0 cannot carry
 */
export const writeXml = (root: XmlElement): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${writeElement(root, '')}\n`;
