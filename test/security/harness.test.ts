import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

/** Checks what other files of this folder rely on: both ends are bare sockets, and requests pass through unchanged. */
describe.each(VARIANTS_AND_ASKING)("with $name, a request", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ headers: [["x-from", "upstream"]], body: "served" }));
    authorization = await RawServer.start(({ headers }) => ({
      status: linesOf({ headers }, "authorization")[0] === "Bearer good" ? 200 : 403,
      headers: [["x-user", "ann"]],
    }));
    const common = {
      clusters: { auth: { url: authorization.origin } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", upstreamHeaders: ["x-user"] },
    } as const;
    gateway = await startGateway(
      {
        services: {
          orders: { ...common, route: { prefix: "/orders" }, upstream: { url: upstream.origin } },
          bound: { ...common, route: { prefix: "/bound" }, upstream: { binding: "UPSTREAM" } },
        },
      },
      { bindings: { UPSTREAM: upstream.port }, variant },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  it.each(["/orders/1?a=b", "/bound/1?a=b"])("is authorized and passed on unchanged: %s", async (target) => {
    const response = await gateway.send({ target, headers: ["Authorization: Bearer good"] });
    expect(response).toMatchObject({ status: 200, body: "served" });
    const seen = upstream.requests.at(-1)!;
    expect([seen.method, seen.target, linesOf(seen, "x-user")]).toEqual(["GET", target, ["ann"]]);
    expect(linesOf(authorization.requests.at(-1)!, "x-forwarded-uri")).toEqual([target]);
  });

  it("that is refused does not reach the upstream", async () => {
    const before = upstream.requests.length;
    expect((await gateway.send({ target: "/orders/1", headers: ["Authorization: Bearer bad"] })).status).toBe(403);
    expect(upstream.requests.length).toBe(before);
    expect((await gateway.stats("orders")).requests).toBeGreaterThan(0);
  });
});
