const TOKEN = /<!--[\s\S]*?-->|<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|[^<]+/gy;
const ENTITY = /&(?!(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[\da-fA-F]+);)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: XML forbids these characters
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u;

/** Describes the first fault that keeps a text from being well-formed XML; undefined if there is none. */
export function faultOf(xml: string): string | undefined {
  const open: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < xml.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(xml);
    if (!match) return `no token at ${xml.slice(at, at + 60)}`;
    if (ENTITY.test(match[0])) return `a stray & in ${match[0].slice(0, 60)}`;
    const [, closing, tag, , alone] = match;
    if (tag === undefined || alone === "/") continue;
    if (closing !== "/") open.push(tag);
    else if (open.pop() !== tag) return `</${tag}> closes nothing`;
  }
  if (FORBIDDEN.test(xml)) return "a character that XML forbids";
  return open.length > 0 ? `<${open.at(-1)}> stays open` : undefined;
}
