import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

/** An upstream trusts identity headers from every service, so each service must remove those that a client sends. */
describe.each(VARIANTS_AND_ASKING)("with $name", (variant) => {
  let upstream: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    const common = {
      clusters: { auth: { url: upstream.origin } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
    } as const;
    const free = (prefix: string) => ({ ...common, route: { prefix }, rules: [{ path: "/*", public: true }] }) as const;
    gateway = await startGateway(
      {
        services: {
          orders: {
            ...common,
            route: { prefix: "/orders" },
            upstream: { url: upstream.origin },
            authorization: { ...common.authorization, upstreamHeaders: ["x-user"] },
            identityHeaders: ["x-auth-*"],
          },
          site: { ...free("/"), upstream: { url: `${upstream.origin}/base` } },
          bound: { ...free("/bound"), upstream: { binding: "UPSTREAM" } },
        },
      },
      { bindings: { UPSTREAM: upstream.port }, variant },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  it.each([
    ["/page", []],
    ["/bound/page", ["root", "admin"]],
  ])("at %s, of a client's identity headers only these values reach the upstream: %j", async (target, expected) => {
    const headers = ["X-User: root", "X_User: root", "X-Auth-Groups: admin"];
    expect((await gateway.send({ target, headers })).status).toBe(200);
    const request = upstream.requests.at(-1)!;
    expect(["x-user", "x_user", "x-auth-groups"].flatMap((name) => linesOf(request, name))).toEqual(expected);
  });
});
