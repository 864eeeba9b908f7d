/** HTML or SVG source. Made by `markup` only, so that whatever else is put into a page is text, and escaped. */
export class Markup {
  constructor(readonly source: string) {}
}

export type Part = Markup | string | number | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * What may not stand in XML (half a surrogate pair is one such thing), and what would turn the direction of text that follows (the Unicode bidirectional
 * embeddings, overrides and isolates): a name must not rearrange the words around it. Right-to-left letters stay.
 */
const UNSHOWABLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff\p{Surrogate}]/gu;

/** Most text is: to see that is much cheaper than to look for each of the others. */
const PLAIN = /^[\w .,:;()%+\u00a0\u2212\u2192-]*$/;

/** Text for element content and quoted attributes, of HTML as of XML. */
export function escapeText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSHOWABLE, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Tag of templates whose strings are escaped, whose numbers are rounded to tenths (a fraction of a pixel), and whose lists are joined. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let source = strings[0]!;
  for (let i = 0; i < parts.length; i++) source += sourceOf(parts[i]!) + strings[i + 1]!;
  return new Markup(source);
}

export const NOTHING = new Markup('');

function sourceOf(part: Part): string {
  if (part instanceof Markup) return part.source;
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(Math.round(part * 10) / 10);
  return part.map(sourceOf).join('');
}
