import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";

/** Every request that reaches a service's rules is counted once, and the decision log says of it what the counters say. */

const KEY = "a-key-of-a-partner-that-is-long";
const OF_KEY = `Authorization: Bearer ${KEY}`;
const BEARER = "Authorization: Bearer one";
/** Bytes that are not UTF-8. */
const UNREADABLE = "Authorization: Bearer \xff\xfe";

let server: RawServer;
let gateway: SecurityGateway;

beforeAll(async () => {
  server = await RawServer.start(({ target }) => ({ status: target.includes("denied") ? 403 : 200 }));
  const service = (name: string, more: object = {}) => [
    name,
    {
      route: { prefix: `/${name}` },
      upstream: { url: server.origin },
      clusters: { auth: { url: server.origin } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
      log: { decisions: "all" },
      ...more,
    },
  ];
  const byKey = (secret: string) => ({
    clusters: {},
    authorization: { protocol: "api-keys", keys: { secret } },
  });
  const services = [
    service("plain", { rules: [{ path: "/plain/known" }], unmatched: "deny" }),
    service("edge", { cache: { edgeTtlMs: 5_000 } }),
    service("keys", byKey("KEYS")),
    service("unset", byKey("NOT_SET")),
  ];
  const line = `${createHash("sha256").update(KEY).digest("base64url")} acme`;
  gateway = await startGateway({ services: Object.fromEntries(services) } as never, { text: { KEYS: line } });
});
afterAll(() => Promise.all([gateway?.stop(), server?.stop()]));

const KINDS: [service: string, path: string, headers: string[], status: number, counted: string][] = [
  ["plain", "known", [BEARER], 200, "allowed/server"],
  ["plain", "known", [BEARER], 200, "allowed/cache"],
  ["plain", "known", [], 401, "refused/credential"],
  ["plain", "known", [BEARER, BEARER], 401, "refused/credential"],
  ["plain", "known", [UNREADABLE], 400, "refused/other"],
  ["plain", "unknown", [BEARER], 403, "refused/rule"],
  ["edge", "known", [BEARER], 200, "allowed/server"],
  ["edge", "known", [BEARER], 200, "allowed/isolate"],
  ["edge", "known", [UNREADABLE], 400, "refused/other"],
  ["keys", "known", [OF_KEY], 200, "allowed/token"],
  ["keys", "known", [BEARER], 401, "refused/credential"],
  ["keys", "known", [UNREADABLE], 400, "refused/other"],
  ["unset", "known", [OF_KEY], 503, "undecided/secret_missing"],
];

/** How many there are of each. */
function tally(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}

it("in /stats and in the log, whatever becomes of it", async () => {
  for (const [service, path, headers, status, counted] of KINDS) {
    const response = await gateway.send({ target: `/${service}/${path}`, headers });
    expect([counted, response.status]).toEqual([counted, status]);
  }
  for (const service of new Set(KINDS.map(([name]) => name))) {
    const expected = tally(KINDS.filter(([name]) => name === service).map(([, , , , counted]) => counted));
    await vi.waitFor(
      async () => {
        const { decisions, requests } = await gateway.stats(service);
        const counted = Object.entries(decisions).flatMap(([outcome, reasons]) =>
          Object.entries<number>(reasons)
            .filter(([, count]) => count > 0)
            .map(([reason, count]) => [`${outcome}/${reason}`, count] as const),
        );
        expect(Object.fromEntries(counted)).toEqual(expected);
        expect(requests).toBe(Object.values(expected).reduce((sum, count) => sum + count, 0));
      },
      { timeout: 5_000, interval: 200 },
    );
    const lines = gateway.workerd
      .log()
      .split("\n")
      .filter((line) => line.includes('"event":"decision"'))
      .map((line) => JSON.parse(line.slice(line.indexOf("{"))) as Record<string, string>);
    const own = lines.filter((line) => line.service === service);
    expect(tally(own.map(({ outcome, reason }) => `${outcome}/${reason}`))).toEqual(expected);
  }
});
