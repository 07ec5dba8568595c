import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

/** The upstream gets the credential that was decided on, and no unverified credential. */
describe.each(VARIANTS_AND_ASKING)("with $name", (variant) => {
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
              { from: "cookie", name: "app_user" },
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
  ])("of %j, the upstream gets %j", async (headers, expected) => {
    for (let n = 0; n < 2; n += 1) expect(await seen(headers)).toEqual(expected);
  });

  it.each([
    "Session=s",
    "%73ession=s",
    '"session"=s',
    "a=1,session=s",
    "a=1, session=s",
    "a=1 session=s",
    "a=1\tSESSION = s",
    'a="1; session=s"',
    "session[x]=s",
    "SESSION[=s",
    // Blanks of Unicode, in UTF-8.
    "\xc2\xa0session=s",
    "\xe3\x80\x80session=s",
    "session\xe2\x80\x83=s",
    "=session=s",
    "==session=s",
    "+session=s",
    "%20session=s",
    "session%00x=s",
  ])("a cookie that only some servers would find is removed, or refused beside the real one: %s", async (hidden) => {
    expect((await seen(["Authorization: Bearer a", `Cookie: x=1; ${hidden}; y=2`])).join()).not.toMatch(/ession/i);
    for (const cookie of [`session=s; ${hidden}`, `${hidden}; session=s`]) {
      const response = await gateway.send({ target: "/1", headers: [`Cookie: ${cookie}`] });
      expect([response.status, headerOf(response, "x-ebb-reason")]).toEqual([401, "malformed_credential"]);
    }
  });

  it.each(["app.user", "app user", "App[user", "app_user[]"])(
    "a cookie whose name PHP rewrites is treated the same: %s",
    async (hidden) => {
      expect((await seen(["Authorization: Bearer a", `Cookie: x=1; ${hidden}=s; y=2`])).join()).not.toMatch(/user/i);
      const response = await gateway.send({ target: "/1", headers: [`Cookie: app_user=s; ${hidden}=t`] });
      expect([response.status, headerOf(response, "x-ebb-reason")]).toEqual([401, "malformed_credential"]);
    },
  );

  it.each([
    "sessions=1",
    "my-session=1",
    "a=session",
    "a=b=session",
    "session.x=1",
    "a=xsession=1",
    "session-id=1",
    "app-user=1",
  ])("a cookie with another name is passed on: %s", async (other) => {
    expect(await seen([`Cookie: session=s; ${other}`])).toEqual([`session=s; ${other}`]);
    expect(await seen(["Authorization: Bearer a", `Cookie: ${other}`])).toEqual(["Bearer a", other]);
  });

  it("a preflight carries no credential from any source", async () => {
    const preflight = ["Origin: https://a.example", "Access-Control-Request-Method: GET"];
    const headers = ["Authorization: Bearer a", "X-API-Key: k", "Cookie: x=1; session=s"];
    expect(await seen([...preflight, ...headers], "OPTIONS")).toEqual([]);
  });
});
