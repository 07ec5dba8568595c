import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  COOKIE,
  FORM,
  madeSession,
  OPERATOR_HOST,
  ORIGIN,
  onHost,
  PROTO_HEADER,
  sessionIn,
  signIn,
} from "./operator-browser.ts";
import { headerOf, type RawResponse } from "./raw-client.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/**
 * Upstreams answer on the hosts of services, and a script of theirs could use a session there. So a session exists on the
 * operator's own host only, and only that host's own page can act with it.
 */

const TOKEN = "the operator's token".replaceAll(" ", "-");

describe.each(VARIANTS)("with $name", (variant) => {
  const gateways: SecurityGateway[] = [];
  let gateway: SecurityGateway;
  let developing: SecurityGateway;
  let without: SecurityGateway;

  beforeAll(async () => {
    const start = async (operator: object, text: Record<string, string>) => {
      const service = {
        route: { prefix: "/" },
        upstream: { url: "http://127.0.0.1:9" },
        clusters: { auth: { url: "http://127.0.0.1:9" } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
      } as const;
      const started = await startGateway(
        { operator, services: { orders: service } },
        { variant, text, protoHeader: PROTO_HEADER },
      );
      gateways.push(started);
      return started;
    };
    const deployed = { EBB_DEV: "", OPERATOR_TOKEN: TOKEN };
    gateway = await start({ host: OPERATOR_HOST }, deployed);
    without = await start({}, deployed);
    developing = await start({ host: OPERATOR_HOST }, { OPERATOR_TOKEN: TOKEN });
  });
  afterAll(() => Promise.all(gateways.map((started) => started.stop())));

  const result = (response: RawResponse) => [response.status, headerOf(response, "x-ebb-reason")];
  const session = async () => sessionIn(await signIn(gateway, TOKEN));
  const look = (cookie: string, host = OPERATOR_HOST, ...headers: string[]) =>
    gateway.send({ target: "/stats", headers: onHost(host, `Cookie: ${cookie}`, ...headers) });
  const act = (cookie: string, ...headers: string[]) =>
    gateway.send({
      method: "POST",
      target: "/stats/restart",
      headers: onHost(OPERATOR_HOST, `Cookie: ${COOKIE}=${cookie}`, "Content-Length: 15", ...headers),
      body: '{"dryRun":true}',
    });

  it("the token opens a session for an hour, in a cookie that only this host gets and no script reads", async () => {
    const response = await signIn(gateway, TOKEN);
    expect([response.status, headerOf(response, "location")]).toEqual([303, "/stats"]);
    expect(headerOf(response, "cache-control")).toBe("no-store");
    const cookie = headerOf(response, "set-cookie")!;
    expect(cookie.split("; ").slice(1)).toEqual(["Max-Age=3600", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"]);
    expect(cookie).toMatch(/^__Host-ebb-operator=OPERATOR_TOKEN\.\d{13}\./);
    expect(response.bytes).not.toContain(TOKEN);
    expect((await look(`${COOKIE}=${sessionIn(response)}`)).status).toBe(200);
    expect((await look(`a=1; ${COOKIE}=${sessionIn(response)}; b=2`)).status).toBe(200);
    expect(await session()).not.toBe(await session());
  });

  it("a token that was copied with the blanks around it opens a session", async () => {
    expect((await signIn(gateway, ` ${TOKEN}\r\n`)).status).toBe(303);
  });

  it.each(["wrong-but-long-enough", TOKEN.slice(1), `${TOKEN}x`, "0", "\u0000", "ä".repeat(100)])(
    "the token %j opens none",
    async (token) => {
      const response = await signIn(gateway, token);
      expect([...result(response), headerOf(response, "set-cookie")]).toEqual([
        401,
        "operator_token_required",
        undefined,
      ]);
    },
  );

  it.each([
    ["an empty token", "token="],
    ["no token", "next=/stats"],
    ["two tokens", `token=${TOKEN}&token=${TOKEN}`],
    ["an unknown field", `token=${TOKEN}&services=all`],
    ["nothing", ""],
    ["JSON", JSON.stringify({ token: TOKEN })],
    ["more bytes than a form has", `token=${TOKEN}&next=${"x".repeat(5_000)}`],
    ["bytes that are not UTF-8", `token=${TOKEN}\xff`],
  ])("a form with %s is refused", async (_, body) => {
    const response = await signIn(gateway, TOKEN, { body });
    expect(response.status).toBe(400);
    expect(headerOf(response, "set-cookie")).toBeUndefined();
    expect(response.body).not.toContain(TOKEN);
  });

  it.each([["Content-Type: text/plain"], ["Content-Type: application/json"], [undefined]])(
    "a form with %s is refused",
    async (type) => {
      const headers = type === undefined ? [ORIGIN] : [ORIGIN, type];
      expect((await signIn(gateway, TOKEN, { headers })).status).toBe(400);
    },
  );

  it("a token in the URL is refused, and other methods are", async () => {
    expect((await signIn(gateway, TOKEN, { target: `/stats/sign-in?token=${TOKEN}` })).status).toBe(400);
    const response = await gateway.send({ target: "/stats/sign-in", headers: onHost(OPERATOR_HOST) });
    expect([response.status, headerOf(response, "allow")]).toEqual([405, "POST"]);
  });

  it.each([
    ["/stats", "/stats"],
    ["/stats?service=orders&window=15m", "/stats?service=orders&window=15m"],
    ["/stats/page.html", "/stats/page.html"],
  ])("after signing in, %j is shown", async (next, location) => {
    const response = await signIn(gateway, TOKEN, { body: new URLSearchParams({ token: TOKEN, next }).toString() });
    expect([response.status, headerOf(response, "location")]).toEqual([303, location]);
  });

  it.each([
    "",
    "/",
    "/orders",
    "/statsX",
    "//evil.example",
    "https://evil.example/stats",
    "/\\evil.example",
    "\\\\evil.example",
    "/stats/../orders",
    "/stats/..%2forders",
    "/stats//evil.example",
    "stats",
    "/stats\r\nset-cookie: a=b",
    "/stats#x",
    "/stats?a=b\n",
    "javascript:alert(1)",
    "@evil.example",
  ])("after signing in, %j is not shown but the page", async (next) => {
    const response = await signIn(gateway, TOKEN, { body: new URLSearchParams({ token: TOKEN, next }).toString() });
    expect([response.status, headerOf(response, "location")]).toEqual([303, "/stats"]);
    expect(response.headers.filter(([name]) => name.toLowerCase() === "set-cookie")).toHaveLength(1);
  });

  it.each([
    "api.example.com",
    `www.${OPERATOR_HOST}`,
    `${OPERATOR_HOST}.evil.example`,
    `${OPERATOR_HOST}.`,
    `${OPERATOR_HOST}:8443`,
    "localhost",
    "127.0.0.1",
  ])("nobody can sign in on %s, and no session counts there", async (host) => {
    const headers = [`Origin: https://${host}`, FORM];
    const response = await signIn(gateway, TOKEN, { host, headers });
    expect([...result(response), headerOf(response, "set-cookie")]).toEqual([403, "not_operator_host", undefined]);
    expect(result(await look(`${COOKIE}=${await session()}`, host))).toEqual([401, "operator_token_required"]);
    const bySession = await gateway.send({
      target: "/stats/sign-out",
      method: "POST",
      headers: onHost(host, `Origin: https://${host}`, "Content-Length: 0"),
    });
    expect(result(bySession)).toEqual([403, "not_operator_host"]);
  });

  it("the name of the host counts in any case", async () => {
    expect((await signIn(gateway, TOKEN, { host: "OPS.Example.COM" })).status).toBe(303);
  });

  it("nobody can sign in without encryption, and no session counts there", async () => {
    const unencrypted = (target: string, method: string, ...headers: string[]) =>
      gateway.send({ method, target, headers: [`Host: ${OPERATOR_HOST}`, `${PROTO_HEADER}: http`, ...headers] });
    const origin = `Origin: http://${OPERATOR_HOST}`;
    expect(result(await unencrypted("/stats/sign-in", "POST", origin, FORM, "Content-Length: 0"))).toEqual([
      403,
      "not_operator_host",
    ]);
    expect((await unencrypted("/stats", "GET", `Cookie: ${COOKIE}=${await session()}`)).status).toBe(401);
  });

  it("without operator.host nobody can sign in anywhere, and no cookie counts", async () => {
    expect(result(await signIn(without, TOKEN))).toEqual([403, "not_operator_host"]);
    const headers = onHost(OPERATOR_HOST, `Cookie: ${COOKIE}=${madeSession(TOKEN)}`);
    expect((await without.send({ target: "/stats", headers })).status).toBe(401);
  });

  describe("a session", () => {
    it("is as its description says", async () => {
      expect((await look(`${COOKIE}=${madeSession(TOKEN)}`)).status).toBe(200);
    });

    it.each([
      ["of another token", () => madeSession(`${TOKEN}x`)],
      ["of a secret that is no token", () => madeSession(TOKEN, { secret: "EBB_KEY" })],
      [
        "of the gateway's own key",
        () => madeSession("a secret of the tests, which are no secret", { secret: "EBB_KEY" }),
      ],
      ["of no secret", () => madeSession(TOKEN, { secret: "constructor" })],
      ["of another host", () => madeSession(TOKEN, { host: "api.example.com" })],
      ["that is over", () => madeSession(TOKEN, { expiryMs: Date.now() - 1 })],
      ["that never ends", () => madeSession(TOKEN, { expiryMs: Number.NaN })],
      ["that ended in 1970", () => madeSession(TOKEN, { expiryMs: 0 })],
      ["that is the token itself", () => TOKEN],
      ["without a value", () => ""],
    ])("%s is none", async (_, value) => {
      expect(result(await look(`${COOKIE}=${value()}`))).toEqual([401, "operator_token_required"]);
    });

    it("whose expiry, ID or name is changed is none", async () => {
      const [name, expiry, id, mac] = (await session()).split(".") as [string, string, string, string];
      for (const changed of [
        [name, String(Number(expiry) + 1), id, mac],
        [name, `0${expiry}`, id, mac],
        [name, expiry, id.toLowerCase() === id ? id.toUpperCase() : id.toLowerCase(), mac],
        ["EBB_KEY", expiry, id, mac],
        [name, expiry, id, mac, mac],
        [name, expiry, id],
        [name, expiry, id, ""],
      ]) {
        expect((await look(`${COOKIE}=${changed.join(".")}`)).status).toBe(401);
      }
    });

    it("with any character changed or cut off is none", async () => {
      const value = await session();
      for (let at = 0; at < value.length; at += 3) {
        const other = value[at] === "A" ? "B" : "A";
        expect((await look(`${COOKIE}=${value.slice(0, at)}${other}${value.slice(at + 1)}`)).status).toBe(401);
      }
      const last = value.length - 1;
      for (const other of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".replace(
        value[last]!,
        "",
      )) {
        expect((await look(`${COOKIE}=${value.slice(0, last)}${other}`)).status).toBe(401);
      }
      for (let length = 0; length < value.length; length += 5) {
        expect((await look(`${COOKIE}=${value.slice(0, length)}`)).status).toBe(401);
      }
    });

    it("that is sent twice, quoted or under another name is none", async () => {
      const [one, two] = [await session(), await session()];
      for (const cookies of [
        `${COOKIE}=${one}; ${COOKIE}=${two}`,
        `${COOKIE}=${one}; ${COOKIE}=${one}`,
        `${COOKIE}=; ${COOKIE}=${one}`,
        `${COOKIE}=${one}, ${COOKIE}=${two}`,
        `${COOKIE}="${one}"`,
        `${COOKIE} =${one}`,
        `${COOKIE.toLowerCase()}=${one}`,
        `ebb-operator=${one}`,
        `a=1,${COOKIE}=${one}`,
        `x${COOKIE}=${one}`,
      ]) {
        expect(result(await look(cookies)), cookies).toEqual([401, "operator_token_required"]);
      }
      expect((await look(`${COOKIE}=${one}`, OPERATOR_HOST, `Cookie: ${COOKIE}=${two}`)).status).toBe(401);
      expect((await look(`${COOKIE}=${one}`, OPERATOR_HOST, "Cookie: a=1")).status).toBe(401);
    });

    it("does not count beside an Authorization header", async () => {
      const value = `${COOKIE}=${await session()}`;
      expect((await look(value, OPERATOR_HOST, "Authorization: Bearer another-token-of-ours")).status).toBe(401);
      expect((await look(value, OPERATOR_HOST, "Authorization: Basic YTpi")).status).toBe(401);
      expect((await look(value, OPERATOR_HOST, `Authorization: Bearer ${TOKEN}`)).status).toBe(200);
    });

    it("acts only for a page of the operator's own origin", async () => {
      const value = await session();
      expect((await act(value, ORIGIN)).status).toBe(200);
      expect((await act(value, ORIGIN, "Sec-Fetch-Site: same-origin")).status).toBe(200);
      expect(result(await act(value))).toEqual([403, "wrong_origin"]);
      expect(result(await act(value, "Sec-Fetch-Site: none"))).toEqual([403, "wrong_origin"]);
      expect(result(await act(value, "Sec-Fetch-Site: same-origin"))).toEqual([403, "wrong_origin"]);
    });

    it.each([
      "null",
      "",
      "https://evil.example",
      "https://api.example.com",
      "https://www.ops.example.com",
      "http://ops.example.com",
      "https://ops.example.com:8443",
      "https://ops.example.com.",
      "https://ops.example.com/",
      "https://OPS.example.com",
      "https://ops.example.com, https://ops.example.com",
    ])("does not act for a page of the origin %j", async (origin) => {
      const value = await session();
      for (const site of [[], ["Sec-Fetch-Site: same-origin"]]) {
        expect((await act(value, `Origin: ${origin}`, ...site)).status).toBe(403);
      }
      const response = await signIn(gateway, TOKEN, { headers: [`Origin: ${origin}`, FORM] });
      expect([response.status, headerOf(response, "set-cookie")]).toEqual([403, undefined]);
    });

    it.each(["cross-site", "same-site", "x"])("does not act or show anything if the browser says %s", async (site) => {
      const value = await session();
      expect(result(await act(value, ORIGIN, `Sec-Fetch-Site: ${site}`))).toEqual([403, "cross_site_request"]);
      expect((await look(`${COOKIE}=${value}`, OPERATOR_HOST, `Sec-Fetch-Site: ${site}`)).status).toBe(403);
    });

    it("acts only by JSON", async () => {
      const response = await gateway.send({
        method: "POST",
        target: "/stats/purge",
        headers: onHost(OPERATOR_HOST, `Cookie: ${COOKIE}=${await session()}`, ORIGIN, FORM, "Content-Length: 14"),
        body: "service=orders",
      });
      expect(response.status).toBe(400);
    });

    it("ends in the browser by signing out, only for the operator's own page", async () => {
      const out = (...headers: string[]) =>
        gateway.send({
          method: "POST",
          target: "/stats/sign-out",
          headers: onHost(OPERATOR_HOST, "Content-Length: 0", ...headers),
        });
      const response = await out(ORIGIN);
      expect([response.status, headerOf(response, "location")]).toEqual([303, "/stats"]);
      expect(headerOf(response, "set-cookie")).toBe(`${COOKIE}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict`);
      expect(result(await out())).toEqual([403, "wrong_origin"]);
      expect(result(await out("Origin: https://evil.example"))).toEqual([403, "cross_site_request"]);
    });
  });

  it("who guesses in the form must wait like any other, but a session that exists goes on", async () => {
    const value = await session();
    const address = "CF-Connecting-IP: 192.0.2.44";
    const statuses: number[] = [];
    for (let n = 0; n < 14; n += 1) {
      statuses.push((await signIn(gateway, `guess-number-${n}-xxxx`, { headers: [ORIGIN, FORM, address] })).status);
    }
    expect(statuses).toEqual([...new Array(10).fill(401), ...new Array(4).fill(429)]);
    const paused = await signIn(gateway, TOKEN, { headers: [ORIGIN, FORM, address] });
    expect([...result(paused), headerOf(paused, "set-cookie")]).toEqual([429, "too_many_attempts", undefined]);
    expect(Number(headerOf(paused, "retry-after"))).toBeGreaterThan(0);
    const bearer = [`Authorization: Bearer ${TOKEN}`, address];
    expect((await gateway.send({ target: "/stats", headers: bearer })).status).toBe(429);
    expect((await look(`${COOKIE}=${value}`, OPERATOR_HOST, address)).status).toBe(200);
    expect((await signIn(gateway, TOKEN, { headers: [ORIGIN, FORM, "CF-Connecting-IP: 192.0.2.45"] })).status).toBe(
      303,
    );
  });

  it("in development nobody needs a session: the form leads to the page, but only on this machine", async () => {
    const here = await signIn(developing, "anything at all", { host: "localhost:8787", headers: [FORM] });
    expect([here.status, headerOf(here, "location"), headerOf(here, "set-cookie")]).toEqual([303, "/stats", undefined]);
    expect(result(await signIn(developing, TOKEN))).toEqual([403, "not_this_machine"]);
    const headers = onHost(OPERATOR_HOST, `Cookie: ${COOKIE}=${madeSession(TOKEN)}`);
    expect(result(await developing.send({ target: "/stats", headers }))).toEqual([403, "not_this_machine"]);
  });
});
