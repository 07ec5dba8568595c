/** A request with several credentials: one decides, and the upstream sees only that one. */
import { expect, it } from "vitest";
import type { HeaderList } from "../host/index.ts";
import { configuration, forwardAuth, Harness, outcome, reply, valuesOf } from "./testing/harness.ts";

const SOURCES = [
  { from: "authorization", schemes: ["bearer"] },
  { from: "header", name: "x-api-key" },
  { from: "cookie", name: "session" },
  { from: "cookie", name: "__Host-sid" },
];

const harnessOf = (credentials = SOURCES) =>
  new Harness(configuration({ credentials, protocol: forwardAuth({ requestHeaders: ["cookie"] }) }));

/** The forwarded values of each header: undefined if unchanged. */
async function changes(headers: HeaderList, harness = harnessOf()) {
  const decision = await harness.ask({ headers });
  expect(outcome(decision)).toBe("continue");
  return ["authorization", "x-api-key", "cookie"].map((name) => valuesOf(decision, name));
}

const bearer: HeaderList[number] = ["authorization", "Bearer good"];
const basic: HeaderList[number] = ["authorization", "Basic YTpi"];
const key: HeaderList[number] = ["x-api-key", "k"];

it.each<[string, HeaderList, (string[] | undefined)[]]>([
  ["a token alone", [bearer], [undefined, undefined, undefined]],
  ["a token beside a key", [bearer, key], [undefined, [], undefined]],
  ["a token beside a cookie", [bearer, ["cookie", "session=s"]], [undefined, undefined, []]],
  ["a token beside cookies", [bearer, ["cookie", "a=1; session=s; b=2"]], [undefined, undefined, ["a=1; b=2"]]],
  ["a key beside another scheme", [basic, key], [[], undefined, undefined]],
  ["a cookie beside another scheme", [basic, ["cookie", "session=s; a=1"]], [[], undefined, undefined]],
  ["one of two cookies", [["cookie", "__Host-sid=x; session=s; a"]], [undefined, undefined, ["session=s; a"]]],
  ["cookies of a similar name", [bearer, ["cookie", "sessions=s; my-session=t"]], [undefined, undefined, undefined]],
  ["a cookie name in another case", [bearer, ["cookie", "a=1; Session=t"]], [undefined, undefined, ["a=1"]]],
  ["cookies in two lines", [bearer, ["cookie", "a=1"], ["cookie", "session=s"]], [undefined, undefined, ["a=1"]]],
])("%s", async (_, headers, expected) => {
  const harness = harnessOf();
  expect(await changes(headers, harness)).toEqual(expected);
  // Also from the cache.
  expect(await changes(headers, harness)).toEqual(expected);
  expect(harness.calls).toHaveLength(1);
});

it("only the deciding credential is sent to the authorization server, so one answer serves all variants", async () => {
  const harness = harnessOf();
  await changes([bearer, ["cookie", "a=1; session=one"]], harness);
  await changes([bearer, ["cookie", "a=1; session=two"]], harness);
  expect(harness.calls.map(({ headers }) => headers.find(([name]) => name === "cookie")?.[1])).toEqual(["a=1"]);
});

it("other credentials are also removed for all waiters of one call", async () => {
  const harness = harnessOf();
  const pending = Promise.withResolvers<ReturnType<typeof reply>>();
  harness.server = () => pending.promise;
  const asked = [key, ["cookie", "session=s"] as HeaderList[number]].map((other) =>
    harness.ask({ headers: [bearer, other] }),
  );
  pending.resolve(reply(200));
  const [first, second] = await Promise.all(asked);
  expect([valuesOf(first!, "x-api-key"), valuesOf(second!, "cookie")]).toEqual([[], []]);
});

it("data outside the configured sources is not changed", async () => {
  const harness = harnessOf([{ from: "cookie", name: "session" }] as typeof SOURCES);
  expect(await changes([basic, key, ["cookie", "session=s"]], harness)).toEqual([undefined, undefined, undefined]);
});
