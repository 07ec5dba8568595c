/** A media range of an Accept header with its weight. */
interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

/**
 * Whether a client wants HTML rather than JSON (RFC 9110 12.5.1): only if it prefers HTML. Browsers do; scripts send "anything", both or
 * nothing, and get JSON. Ranges that cannot be read count as absent, and a header that is longer than any browser's.
 */
export function prefersHtml(accept: string | null): boolean {
  if (accept === null || accept.length > MAX_CHARACTERS) return false;
  const ranges = accept.split(",").flatMap(readRange);
  return qualityOf("text/html", ranges) > qualityOf("application/json", ranges);
}

/** Browsers send less than 200. A longer text is not worth the time that a client could make us read it. */
const MAX_CHARACTERS = 2_048;

const TYPE = /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+$/;
const WEIGHT = /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/;

function readRange(text: string): MediaRange[] {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim());
  if (!TYPE.test(type)) return [];
  const given = parameters.find((parameter) => /^q=/i.test(parameter))?.slice("q=".length);
  if (given !== undefined && !WEIGHT.test(given)) return [];
  return [{ type: type.toLowerCase(), quality: Number(given ?? 1) }];
}

/** The most specific range counts. */
function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  const family = `${type.slice(0, type.indexOf("/"))}/*`;
  for (const wanted of [type, family, "*/*"]) {
    const found = ranges.find((range) => range.type === wanted);
    if (found !== undefined) return found.quality;
  }
  return 0;
}
