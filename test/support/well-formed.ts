const TAG = /<(\/?)([a-z][a-zA-Z0-9]*)((?: [a-zA-Z-]+="[^"<]*")*)(\/?)>/y;
const TEXT = /(?:[^<&\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff\p{Surrogate}]|&(?:amp|lt|gt|quot|#39);)+/uy;

/** What keeps a source from being well-formed XML of the plain kind that we write; undefined if nothing does. */
export function xmlProblem(source: string): string | undefined {
  const open: string[] = [];
  let at = 0;
  while (at < source.length) {
    const pattern = source[at] === '<' ? TAG : TEXT;
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (!match) return `neither a tag nor text: ${source.slice(at, at + 60)}`;
    at = pattern.lastIndex;
    const [, closing, name, , empty] = match;
    if (!name || empty) continue;
    if (!closing) open.push(name);
    else if (open.pop() !== name) return `${name} ends before what it holds, at ${at}`;
  }
  return open.length > 0 ? `${open.join(', ')} never ends` : undefined;
}

/** The text of elements and attributes, as a reader of the XML would have it. */
export function unescaped(text: string): string {
  const characters: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => characters[name]!);
}
