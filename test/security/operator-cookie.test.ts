import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COOKIE, madeSession } from "./operator-browser.ts";
import { linesOf, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/** The operator's cookie would open the operator's pages for whoever sees it: no upstream and no authorization server does. */

const SESSION = `${COOKIE}=${madeSession("sixteen-letters!")}`;

/** A client's `Cookie` lines, and the line that goes on. */
const COOKIES: [lines: string[], sent: string | undefined][] = [
  [[SESSION], undefined],
  [[`${SESSION};`], undefined],
  [[` \t${SESSION}\t `], undefined],
  [[`${SESSION}; ${SESSION}`], undefined],
  [[`a=1; ${SESSION}`], "a=1"],
  [[`${SESSION}; a=1`], "a=1"],
  [[`a=1; ${SESSION}; b="x y"; c`], 'a=1; b="x y"; c'],
  [[`a=1;${SESSION};b==2=`], "a=1;b==2="],
  [[`a=1;  ${SESSION}  ;  b=2`], "a=1;  b=2"],
  [[`a=1, ${SESSION}, b=2`], "a=1; b=2"],
  [[`a=1,${SESSION}`], "a=1"],
  [["a=1", SESSION, "b=2"], "a=1; b=2"],
  [[SESSION, "a=1"], "a=1"],
  [[SESSION, SESSION], undefined],
  [["", SESSION], undefined],
  [[`a=1; ${COOKIE} = x; b=2`], "a=1; b=2"],
  [[`a=1; ${COOKIE}="x y"; b=2`], "a=1; b=2"],
  [[`a=1; ${COOKIE}; b=2`], "a=1; b=2"],
  [[`a=${COOKIE}; x${COOKIE}=1; ${COOKIE}2=2`], `a=${COOKIE}; x${COOKIE}=1; ${COOKIE}2=2`],
  [['a=1; b=2,c ,; =; d="; e'], 'a=1; b=2,c ,; =; d="; e'],
];

describe.each(VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start((request) => ({
      status: linesOf(request, "authorization")[0] === "Bearer bad" ? 403 : 200,
    }));
    const service = (prefix: string, fields: object = {}) => ({
      route: { prefix },
      upstream: { url: upstream.origin },
      clusters: { auth: { url: authorization.origin } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", requestHeaders: ["cookie"] } as const,
      ...fields,
    });
    gateway = await startGateway(
      {
        services: {
          decided: service("/decided", { rules: [{ path: "/decided/public", public: true }] }),
          bound: service("/bound", { upstream: { binding: "UPSTREAM" } }),
          reported: service("/reported", { enforcement: { mode: "report-only", until: "2999-01-01" } }),
          passing: service("/passing", { preflight: "pass" }),
          byCookie: service("/by-cookie", {
            authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
            credentials: [{ from: "cookie", name: "sid" }],
          }),
        },
      },
      { variant, bindings: { UPSTREAM: upstream.port } },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  const cookiesOf = (request: RawRequest | undefined) => linesOf(request ?? { headers: [] }, "cookie");
  let count = 0;
  /** Sends a request with a credential that is asked about for the first time. */
  async function send(prefix: string, lines: readonly string[], ...headers: string[]) {
    count += 1;
    const before = { upstream: upstream.requests.length, authorization: authorization.requests.length };
    const credential = headers.some((line) => line.startsWith("Authorization"))
      ? []
      : [`Authorization: Bearer credential-${count}`];
    const response = await gateway.send({
      target: `${prefix}/${count}`,
      headers: [...lines.map((line) => `Cookie: ${line}`), ...credential, ...headers],
    });
    return {
      status: response.status,
      upstream: upstream.requests.slice(before.upstream),
      authorization: authorization.requests.slice(before.authorization),
    };
  }

  it.each(COOKIES)("of %j goes on %j", async (lines, sent) => {
    const expected = sent === undefined ? [] : [sent];
    for (const prefix of ["/decided", "/bound", "/reported"]) {
      const { status, ...seen } = await send(prefix, lines);
      expect(status).toBe(200);
      expect(seen.upstream.map(cookiesOf)).toEqual([expected]);
      expect(seen.authorization.map(cookiesOf)).toEqual([expected]);
    }
  });

  it("nothing of it is in any other part of what servers get", async () => {
    const { upstream: served, authorization: asked } = await send("/decided", [`a=1; ${SESSION}; b=2`]);
    for (const request of [...served, ...asked]) expect(JSON.stringify(request)).not.toContain("ebb-operator");
    expect([served.length, asked.length]).toEqual([1, 1]);
  });

  it("a public path, and a refusal that is only reported, send it on no more", async () => {
    const before = upstream.requests.length;
    await gateway.send({ target: "/decided/public", headers: [`Cookie: a=1; ${SESSION}`] });
    const reported = await send("/reported", [`a=1; ${SESSION}`], "Authorization: Bearer bad");
    expect(reported.status).toBe(200);
    expect(upstream.requests.slice(before).map(cookiesOf)).toEqual([["a=1"], ["a=1"]]);
  });

  it("a preflight that passes has no cookie at all", async () => {
    const before = upstream.requests.length;
    await gateway.send({
      method: "OPTIONS",
      target: "/passing/x",
      headers: [`Cookie: a=1; ${SESSION}`, "Origin: https://a.example", "Access-Control-Request-Method: GET"],
    });
    expect(upstream.requests.slice(before).map(cookiesOf)).toEqual([[]]);
  });

  it("a WebSocket's handshake has it no more", async () => {
    const handshake = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="];
    const seen = await send("/decided", [`a=1; ${SESSION}`], ...handshake, "Sec-WebSocket-Version: 13");
    expect(seen.upstream.map(cookiesOf)).toEqual([["a=1"]]);
  });

  it.each([
    [`${SESSION}; sid=one`, "one"],
    [`sid=two; ${SESSION}`, "two"],
    [`${SESSION}, sid=three`, "three"],
  ])("a credential beside it is found: %s", async (cookies, value) => {
    const before = authorization.requests.length;
    const response = await gateway.send({ target: "/by-cookie/x", headers: [`Cookie: ${cookies}`] });
    expect(response.status).toBe(200);
    const asked = authorization.requests.slice(before);
    expect(asked).toHaveLength(1);
    expect(JSON.stringify(asked)).toContain(value);
    expect(JSON.stringify(asked)).not.toContain("ebb-operator");
    expect(upstream.requests.at(-1)?.target).toBe("/by-cookie/x");
  });

  it("requests that differ only in it share a decision", async () => {
    const { authorization: first } = await send("/decided", ["a=1"], "Authorization: Bearer shared");
    const again = await gateway.send({
      target: `/decided/${count}`,
      headers: ["Authorization: Bearer shared", `Cookie: a=1; ${SESSION}`],
    });
    expect([first.length, again.status]).toEqual([1, 200]);
    expect(
      authorization.requests.filter((request) => linesOf(request, "authorization")[0] === "Bearer shared"),
    ).toHaveLength(1);
  });
});
