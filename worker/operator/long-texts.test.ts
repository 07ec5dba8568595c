import { expect, it } from "vitest";
import { OPERATOR_COOKIE } from "../../config/operator-cookie.ts";
import { decodeTrace, traceContext } from "../../durable/request-trace.ts";
import { withoutOperatorCookie } from "../without-operator-cookie.ts";
import { prefersHtml } from "./page/accept.ts";
import { tokenOfSession } from "./session.ts";

/** Long headers of anyone, which are read before anything is known of the client. */

const CHARACTERS = 30_000;
/** Each takes microseconds. A search that begins anew at each character takes seconds. */
const MOST_MS = 5;
const TRIES = 3;

const NOW_MS = 1_000_000;
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  accept: prefersHtml,
  cookies: withoutOperatorCookie,
  session: (text) => tokenOfSession(text, [], "ops.example.com", NOW_MS),
  traceparent: (text) => traceContext(text, null),
  tracestate: (text) => traceContext(TRACEPARENT, text),
  trace: decodeTrace,
};
const FIRST = ["", "a", "text/html", "text/html;", TRACEPARENT];
const COOKIES = ["", "=", "=a", ";", ",", " "].map((end) => OPERATOR_COOKIE + end);
const PARTS = [
  " ",
  "\t",
  ",",
  ";",
  ", ",
  " ,",
  "; ",
  "=",
  "a",
  "a/b,",
  ";q=",
  "q=0.1,",
  `;${OPERATOR_COOKIE}`,
  ...COOKIES,
];

async function leastMs(read: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < TRIES; n += 1) {
    const startMs = performance.now();
    await read();
    least = Math.min(least, performance.now() - startMs);
  }
  return least;
}

it.each(Object.keys(READERS))("30,000 characters of anything in %s do not keep the isolate busy", async (name) => {
  const slow: [string, string, number][] = [];
  for (const first of [...FIRST, ...COOKIES]) {
    for (const part of PARTS) {
      const text = `${first}${part.repeat(CHARACTERS / part.length)}x`;
      const ms = await leastMs(() => READERS[name]!(text));
      if (ms > MOST_MS) slow.push([first, part, ms]);
    }
  }
  expect(slow).toEqual([]);
});
