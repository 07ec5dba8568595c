import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/** Unknown tokens of one client, in any number, must not delay other clients, known or new. */

const CHECK_MS = 200;

describe.each(VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(async ({ headers }) => {
      const token = linesOf({ headers }, "authorization")[0];
      if (token?.startsWith("Bearer hang")) return "hang";
      await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
      return { status: token?.startsWith("Bearer good") ? 200 : 403 };
    });
    const names = ["addresses", "subnet", "nobody", "one-token", "shared", "hanging"];
    const services = names.map((name) => [
      name,
      {
        route: { prefix: `/${name}` },
        upstream: { url: upstream.origin },
        clusters: { auth: { url: authorization.origin } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
      } as const,
    ]);
    gateway = await startGateway({ services: Object.fromEntries(services) }, { variant });
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  async function ask(service: string, token: string, address?: string) {
    const headers = [
      `Authorization: Bearer ${token}`,
      ...(address === undefined ? [] : [`CF-Connecting-IP: ${address}`]),
    ];
    const response = await gateway.send({ target: `/${service}/1`, headers });
    return { status: response.status, wait: headerOf(response, "retry-after") };
  }

  it.each([
    ["addresses", "one address", () => "192.0.2.1"],
    ["subnet", "all addresses of one /64", (n: number) => `2001:db8:0:1:${n.toString(16)}::1`],
    ["nobody", "clients without an address", () => undefined],
  ] as const)("a flood over %s, of %s, is served last", { timeout: 30_000 }, async (service, _, addressOf) => {
    expect((await ask(service, "good-known", "198.51.100.1")).status).toBe(200);
    const flood = Array.from({ length: 300 }, (_, n) => ask(service, `junk-${n}`, addressOf(n)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const newcomers = Array.from({ length: 12 }, (_, n) => ask(service, `good-${n}`, `198.51.100.${n + 2}`));
    const known = Array.from({ length: 20 }, () => ask(service, "good-known", "198.51.100.1"));
    for (const { status } of await Promise.all([...newcomers, ...known])) expect(status).toBe(200);
    const over = (await Promise.all(flood)).filter(({ status }) => status === 429);
    // 128 of the flood wait; a busy machine receives the last of it when the first have been answered.
    expect(over.length).toBeGreaterThanOrEqual(100);
    for (const { wait } of over) expect(wait).toBe("1");
    expect((await gateway.stats(service)).throttled).toBe(over.length);
  });

  it("a client whose tokens the server never answers leaves places for others", { timeout: 30_000 }, async () => {
    let hanging = 40;
    const flood = Array.from({ length: hanging }, (_, n) =>
      ask("hanging", `hang-${n}`, "192.0.2.1").then(() => (hanging -= 1)),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const newcomers = Array.from({ length: 4 }, (_, n) => ask("hanging", `good-${n}`, `198.51.100.${n + 2}`));
    for (const { status } of await Promise.all(newcomers)) expect(status).toBe(200);
    // The newcomers did not wait until the hanging calls timed out.
    expect(hanging).toBe(40);
    await Promise.all(flood);
  });

  it("a client that repeats one token leaves places for others", { timeout: 30_000 }, async () => {
    const flood = Array.from({ length: 1_500 }, () => ask("one-token", "junk", "192.0.2.1"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await ask("one-token", "good", "198.51.100.2")).status).toBe(200);
    const statuses = new Set((await Promise.all(flood)).map(({ status }) => status));
    expect([...statuses].every((status) => status === 403 || status === 429)).toBe(true);
  });

  it("a client whose queue is full of its own calls does not have others refused with the same token", {
    timeout: 30_000,
  }, async () => {
    const flood = Array.from({ length: 120 }, (_, n) => ask("shared", `junk-${n}`, "192.0.2.1"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const own = ask("shared", "good-shared", "192.0.2.1");
    await new Promise((resolve) => setTimeout(resolve, 20));
    const others = Array.from({ length: 10 }, (_, n) => ask("shared", "good-shared", `198.51.100.${n + 2}`));
    for (const { status } of await Promise.all(others)) expect(status).toBe(200);
    // It has waited too long behind the flood, unless a slow machine received the flood later.
    expect([200, 503]).toContain((await own).status);
    await Promise.all(flood);
  });
});
