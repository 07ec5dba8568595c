import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/** The upstream sees the credential that was decided on, and none that nobody has verified. */
describe.each(VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(() => ({ status: 200 }));
    gateway = await startGateway(
      {
        services: {
          orders: {
            route: { prefix: "/" },
            upstream: { url: upstream.origin },
            clusters: { auth: { url: authorization.origin } },
            authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
            credentials: [
              { from: "authorization", schemes: ["Bearer"] },
              { from: "header", name: "x-api-key" },
              { from: "cookie", name: "session" },
            ],
            preflight: "pass",
          },
        },
      },
      { variant },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  /** The credentials that reached the upstream. */
  async function seen(headers: string[], method = "GET") {
    expect((await gateway.send({ method, target: "/1", headers })).status).toBe(200);
    const request = upstream.requests.at(-1)!;
    return ["authorization", "x-api-key", "cookie"].flatMap((name) => linesOf(request, name));
  }

  it.each([
    [
      ["Authorization: Bearer a", "X-API-Key: k", "Cookie: x=1; session=s; y=2"],
      ["Bearer a", "x=1; y=2"],
    ],
    [["Authorization: Basic YTpi", "X-API-Key: k", "Cookie: session=s"], ["k"]],
    [["Authorization: Negotiate abc", "Cookie: session=s; x=1"], ["session=s; x=1"]],
    [
      ["X-API-Key: k", "Cookie: x=1", "Cookie: session=s"],
      ["k", "x=1"],
    ],
  ])("of %j these go on: %j", async (headers, expected) => {
    for (let n = 0; n < 2; n += 1) expect(await seen(headers)).toEqual(expected);
  });

  it("a preflight carries none, from whatever source", async () => {
    const preflight = ["Origin: https://a.example", "Access-Control-Request-Method: GET"];
    const headers = ["Authorization: Bearer a", "X-API-Key: k", "Cookie: x=1; session=s"];
    expect(await seen([...preflight, ...headers], "OPTIONS")).toEqual([]);
  });
});
