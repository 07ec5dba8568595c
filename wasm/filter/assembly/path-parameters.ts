import { putJsonString } from "./json-writer";
import { indexOfByte, Span } from "./span";
import { putByte } from "./text-writer";

const name = changetype<Span>(memory.data(8));
const value = changetype<Span>(memory.data(8));

/**
 * Puts `{ … }` with what the parameters of a pattern (`/todos/{id}`) stand for in a path, as it is written there. Segments of the
 * path beyond the pattern belong to no parameter.
 */
export function putPathParameters(pattern: Span, path: Span): void {
  putByte(0x7b);
  let isFirst = true;
  let at = path.start;
  for (let from = pattern.start; from < pattern.end && at < path.end; ) {
    const to = indexOfByte(from, pattern.end, 0x2f);
    const end = indexOfByte(at, path.end, 0x2f);
    if (to > from && load<u8>(from) == 0x7b) {
      if (!isFirst) putByte(0x2c);
      isFirst = false;
      name.set(from + 1, to - from - 2);
      value.set(at, end - at);
      putJsonString(name);
      putByte(0x3a);
      putJsonString(value);
    }
    from = to + 1;
    at = end + 1;
  }
  putByte(0x7d);
}
