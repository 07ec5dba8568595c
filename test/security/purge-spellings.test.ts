import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

const PART = "h4Jk2lM9nOpQrStUvWxYz0123456789abcdefghijk";
const TOKEN_OF_32_BYTES = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.${PART}w`;
const TOKEN_OF_48_BYTES = `eyJhbGciOiJIUzM4NCJ9.eyJzdWIiOiJhbm4ifQ.${PART}${PART.slice(0, 22)}`;
const base64 = (text: string, encoding: BufferEncoding = "utf8") => Buffer.from(text, encoding).toString("base64");

/** A purge removes the decisions on every spelling that a server may read as the purged credential, and no others. */
describe.each(VARIANTS_AND_ASKING)("with $name, a purge", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(() => ({}));
    const common = {
      upstream: { url: upstream.origin },
      clusters: { auth: { url: authorization.origin } },
    };
    const authorizationOf = (requestHeaders: readonly string[] = []) =>
      ({ protocol: "forward-auth", cluster: "auth", path: "/check", requestHeaders }) as const;
    gateway = await startGateway(
      {
        services: {
          basic: {
            ...common,
            route: { prefix: "/basic" },
            credentials: [{ from: "authorization", schemes: ["Basic", "Bearer"] }],
            authorization: authorizationOf(),
          },
          cookie: {
            ...common,
            route: { prefix: "/cookie" },
            credentials: [{ from: "cookie", name: "sid" }],
            authorization: authorizationOf(),
          },
          header: {
            ...common,
            route: { prefix: "/header" },
            credentials: [{ from: "header", name: "x-api-key" }],
            authorization: authorizationOf(),
          },
          chosen: {
            ...common,
            route: { prefix: "/chosen" },
            authorization: authorizationOf(["cookie", "x-session"]),
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

  /** Whether the gateway answers without an outbound call. */
  async function isKept(service: string, line: string): Promise<boolean> {
    const before = authorization.requests.length;
    const headers = service === "chosen" ? ["Authorization: Bearer good", line] : [line];
    expect((await gateway.send({ target: `/${service}/1`, headers })).status).toBe(200);
    return authorization.requests.length === before;
  }

  async function purge(credential: string): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${gateway.port}/stats/purge`, {
      method: "POST",
      body: JSON.stringify({ credential }),
    });
    expect(response.status).toBe(200);
  }

  it.each<[string, string[], string[], string]>([
    [
      "basic",
      ["dXNlcjpwdw==", "dXNlcjpwdw=", "dXNlcjpwdw", "dXNlcjpwdx=="].map((text) => `Authorization: Basic ${text}`),
      ["dXNlcjpwdw", "Basic dXNlcjpwdy==", "authorization: basic dXNlcjpwdw==", " dXNlcjpwdw= "],
      "Authorization: Basic b3RoZXI6cHc=",
    ],
    ["basic", ["authorization:  bEARER   abc"], ["abc", "Bearer abc", "bearer  abc"], "Authorization: Bearer abd"],
    [
      "cookie",
      ["abc", '"abc"', "%61bc", '"%61bc"', "%2561bc"].map((text) => `Cookie: a=1; sid=${text}; b=2`),
      ["abc", '"abc"', "%61bc", "sid=abc", "Cookie: a=b; sid=%61bc"],
      "Cookie: sid=abd",
    ],
    [
      "cookie",
      ["s%3Aabc.sig", "s:abc.sig"].map((text) => `Cookie: sid=${text}`),
      ["s%3Aabc.sig", "s:abc.sig"],
      "Cookie: sid=s%3Aabd.sig",
    ],
    // Some decoders ignore text after the padding (Python's: PyJWT, itsdangerous) or an excess character (Node's).
    [
      "basic",
      ["", "=", "=AAAA", "=junk-1", "==x"].map((junk) => `Authorization: Bearer ${TOKEN_OF_32_BYTES}${junk}`),
      [TOKEN_OF_32_BYTES, `${TOKEN_OF_32_BYTES}=`, `${TOKEN_OF_32_BYTES}=other`],
      `Authorization: Bearer ${TOKEN_OF_32_BYTES.replace("h4Jk", "h4Jl")}`,
    ],
    [
      "basic",
      ["", "A", "Z"].map((junk) => `Authorization: Bearer ${TOKEN_OF_48_BYTES}${junk}`),
      [TOKEN_OF_48_BYTES, `${TOKEN_OF_48_BYTES}A`],
      `Authorization: Bearer ${TOKEN_OF_48_BYTES.replace("h4Jk", "h4Jl")}`,
    ],
    // Spare bits in the last character of short values.
    [
      "cookie",
      ["q83vEjRWeJCrze8SNFZ4kA", "q83vEjRWeJCrze8SNFZ4kB==", "q83vEjRWeJCrze8SNFZ4kP%3D"].map(
        (id) => `Cookie: sid=${id}`,
      ),
      ["q83vEjRWeJCrze8SNFZ4kA", "q83vEjRWeJCrze8SNFZ4kC=="],
      "Cookie: sid=q83vEjRWeJCrze8SNFZ4kQ",
    ],
    [
      "cookie",
      ["dXNlcjpwdw==", "dXNlcjpwdx=="].map((text) => `Cookie: sid=${text}`),
      ["dXNlcjpwdw==", "dXNlcjpwdz"],
      "Cookie: sid=dXNlcjpwdh==",
    ],
    // Some servers read text that is not UTF-8 as Latin-1 (Django REST framework). ASP.NET has its own escapes.
    [
      "basic",
      [base64("user:p\u00e4ss"), base64("user:p\u00e4ss", "latin1")].map((text) => `Authorization: Basic ${text}`),
      [base64("user:p\u00e4ss"), "user:p%C3%A4ss", "user:p%E4ss"],
      `Authorization: Basic ${base64("other:p\u00e4ss")}`,
    ],
    ["cookie", ["%u0061bc", "%U0061b%63"].map((text) => `Cookie: sid=${text}`), ["abc"], "Cookie: sid=%u0161bd"],
    // A comma ends a cookie in ASP.NET Core, and an element of a list.
    ["cookie", ["abc,x=1", "abc"].map((text) => `Cookie: sid=${text}`), ["abc", "sid=abc,x=1"], "Cookie: sid=abd,x=1"],
    ["header", ["X-Api-Key: abc,def"], ["abc", "X-Api-Key:abc"], "X-Api-Key: def"],
    [
      "chosen",
      ['X-Session: Token token="abc"', "X-Session: sid=abc; path=/", "X-Session: Bearer\tabc", "X-Session: a, sid=abc"],
      ["abc", "X-Session:abc"],
      "X-Session: token=abd",
    ],
    ["header", ["  abc\t", '"abc"'].map((text) => `X-Api-Key: ${text}`), ["abc", '"abc"'], "X-Api-Key: abd"],
    [
      "chosen",
      ["Cookie: theme=dark; session=abc", 'Cookie: session="%61bc"', "X-Session: abc", "X-Session: Token abc"],
      ["abc", "session=abc", '"abc"', "Cookie: session=abc"],
      "Cookie: theme=light; session=abd",
    ],
  ])("in service %s drops all of %j, given any of %j", async (service, lines, texts, other) => {
    for (const text of texts) {
      for (const line of [...lines, other]) await isKept(service, line);
      for (const line of [...lines, other]) expect(await isKept(service, line)).toBe(true);
      await purge(text);
      for (const line of lines) expect(await isKept(service, line)).toBe(false);
      expect(await isKept(service, other)).toBe(true);
    }
  });

  /** The headers that the authorization server received last. */
  function lastAsked(): string {
    return JSON.stringify(authorization.requests.at(-1)?.headers);
  }

  it("changes no request: a session cookie is passed on unchanged", async () => {
    await isKept("cookie", "Cookie: sid=s%3Aexact.%2Bsig");
    expect(lastAsked()).toContain("sid=s%3Aexact.%2Bsig");
    expect(JSON.stringify(upstream.requests.at(-1)?.headers)).toContain("sid=s%3Aexact.%2Bsig");
  });

  it("need not find a Basic credential that is not base64, because it is refused", async () => {
    for (const text of ["dXNl:cjpwdw", "dXNlcjpwdw==x"]) {
      const headers = [`Authorization: Basic ${text}`];
      expect((await gateway.send({ target: "/basic/1", headers })).status).toBe(401);
    }
  });
});
