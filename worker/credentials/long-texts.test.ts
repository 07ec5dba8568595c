import { expect, it } from "vitest";
import { cookieNamed, withoutCookies } from "./cookies.ts";
import { isGivenTwice, isHiddenInPath, parameterNamed, withoutParameters } from "./query-parameter.ts";
import { readCredential } from "./read-credential.ts";
import { tokenAfter, withoutTokens } from "./websocket-protocols.ts";

/** As long as the platform lets a header and a query be. */
const HEADER_CHARACTERS = 120_000;
const QUERY_CHARACTERS = 16_384;
/** Much more than it takes on a busy machine, and much less than a search takes that begins anew at each character. */
const HEADER_MS = 2_000;
const QUERY_MS = 500;

const NAMES = ["access_token", "token", "key"];
const PARTS = [
  " ",
  "\t",
  "+",
  "&",
  ";",
  ",",
  "=",
  "%41",
  "%00",
  "[",
  " x",
  "a&",
  "a=1&",
  "a;",
  "key",
  "key=1&",
  "+key",
  "key+",
];
const texts = PARTS.flatMap((part) => [part, `x${part}`].map((first) => [first, part] as const));

function longText(first: string, part: string, characters: number): string {
  return `${first}${part.repeat(Math.floor((characters - first.length - 1) / part.length))}x`;
}

function msOf(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

it.each(texts)("a header of %j and many %j does not keep the isolate busy", (first, part) => {
  const value = longText(first, part, HEADER_CHARACTERS);
  const places = { header: () => value, query: "", asksWebSocket: true, certificate: () => undefined };
  const spent = msOf(() => {
    readCredential([{ from: "authorization", schemes: ["bearer"] }], places);
    readCredential([{ from: "header", name: "x-key" }], places);
    cookieNamed(value, "key");
    withoutCookies(value, NAMES);
    tokenAfter(value, "key");
    withoutTokens(value, NAMES);
  });
  expect(spent).toBeLessThan(HEADER_MS);
});

it.each(texts)("a query of %j and many %j does not keep the isolate busy", (first, part) => {
  const query = `?${longText(first, part, QUERY_CHARACTERS)}`;
  const spent = msOf(() => {
    withoutParameters(query, NAMES);
    isGivenTwice(query, NAMES);
    isHiddenInPath(`/%3F${query}`, NAMES);
    for (const name of NAMES) parameterNamed(query, name);
  });
  expect(spent).toBeLessThan(QUERY_MS);
});
