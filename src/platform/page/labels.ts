/** Longest text of a user's that a page repeats. */
const LONGEST = 120;

/** Names and categories in one line, cut after so many characters. Reads no more of a long one than it shows. */
export function shorten(text: string, longest = LONGEST): string {
  const start = text.slice(0, 4 * longest).replace(/\s+/g, ' ');
  const characters = Array.from(start); // By code points: half a pair is no character.
  if (characters.length <= longest && text.length <= 4 * longest) return start;
  return `${characters.slice(0, longest - 1).join('')}…`;
}

/** Text that fits a width, both in units of the drawing, cut with an ellipsis if it must be. */
export function fitted(text: string, width: number, fontSize: number): string {
  const line = shorten(text);
  if (textWidth(line, fontSize) <= width) return line;
  let fits = '';
  let used = textWidth('…', fontSize);
  for (const character of line) {
    used += textWidth(character, fontSize);
    if (used > width) break;
    fits += character;
  }
  return `${fits.trimEnd()}…`;
}

/** Width of a text in a sans-serif font, on the safe side: nothing here can measure the reader's font. */
export function textWidth(text: string, fontSize: number): number {
  let ems = 0;
  for (const character of text) ems += emsOf(character);
  return ems * fontSize;
}

function emsOf(character: string): number {
  if (character.codePointAt(0)! >= 0x1100 && !/[\u2000-\u206f]/.test(character)) return 1.05;
  if (/[ .,:;'|!ijlI\u00a0]/.test(character)) return 0.34;
  if (/[mwMW@%—…]/.test(character)) return 0.95;
  return /[A-Z]/.test(character) ? 0.72 : 0.58;
}
