import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIB } from "../../wasm/byte-units.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

const GOOD = 200;
const STRANGERS = 4_000;
const CONCURRENCY = 8;

/** Decisions on unknown tokens are cached too. They must not take the memory of good decisions. */
describe.each(VARIANTS)("with $name, tokens of strangers", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;
  let page = "";

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start((request) =>
      linesOf(request, "authorization")[0]?.startsWith("Bearer good")
        ? { headers: [["x-user", "ann"]] }
        : { status: 403, headers: [["content-type", "text/html"]], body: page },
    );
    const service = (prefix: string) => ({
      route: { prefix },
      upstream: { url: upstream.origin },
      clusters: { auth: { url: authorization.origin } },
      authorization: {
        protocol: "forward-auth" as const,
        cluster: "auth",
        path: "/check",
        upstreamHeaders: ["x-user"],
      },
      cache: { denyTtlMs: 600_000 },
    });
    gateway = await startGateway({ services: { orders: service("/orders"), bills: service("/bills") } }, { variant });
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  const get = (target: string, token: string) => gateway.send({ target, headers: [`Authorization: Bearer ${token}`] });

  /** Sends `count` requests, a few at a time. @returns all statuses that occurred */
  async function sendAll(count: number, request: (index: number) => Promise<{ status: number }>): Promise<Set<number>> {
    const statuses = new Set<number>();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) statuses.add((await request(next++)).status);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    return statuses;
  }

  it.each([15_000, 3_000])(
    "refused with a page of %i bytes evict no good decision of any service",
    { timeout: 240_000 },
    async (size) => {
      page = "p".repeat(size);
      const services = ["orders", "bills"];
      for (const name of services) await sendAll(GOOD, (at) => get(`/${name}/1`, `good-${at}`));
      const calls = authorization.requests.length;
      const strangers = await sendAll(STRANGERS, (at) => get(`/${services[at % 2]}/1`, `junk-${size}-${at}`));
      expect(strangers).toEqual(new Set([403]));
      expect(authorization.requests.length - calls).toBe(STRANGERS);
      for (const name of services) {
        expect(await sendAll(GOOD, (at) => get(`/${name}/1`, `good-${at}`))).toEqual(new Set([200]));
        expect((await gateway.stats(name)).allocatedBytes).toBeLessThanOrEqual(6 * MIB);
      }
      expect(authorization.requests.length - calls).toBe(STRANGERS);
    },
  );
});
