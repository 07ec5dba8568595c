import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  toUpstream as changeToUpstream,
  HEADER_LIMITS,
  headerReader,
  headersForFilter,
  type IncomingHeaders,
} from "./request-headers.ts";

/** Headers as workerd gives them: they may hold U+FFFD, which Node's `Headers` refuses. */
function incoming(headers: Record<string, string>): IncomingHeaders {
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  return {
    get: (name) => entries.find(([other]) => other === name.toLowerCase())?.[1] ?? null,
    [Symbol.iterator]: () => entries[Symbol.iterator](),
  };
}

type Options = Parameters<typeof changeToUpstream>[2] & { readonly identityHeaders: readonly string[] };

function toUpstream(headers: Record<string, string>, options: Partial<Options> = {}): Record<string, string> {
  const sent = new Headers(headers);
  changeToUpstream(sent, new Headers(headers), {
    service: { neededHeaders: "all", credentialHeaders: [], identityHeaders: options.identityHeaders ?? ["x-user"] },
    changes: [],
    keepsLength: true,
    clientIp: "203.0.113.7",
    host: "api.example",
    proto: "https",
    websocket: false,
    ...options,
  });
  return Object.fromEntries(sent);
}

const SEEN = { clientIp: "203.0.113.7", host: "api.example", proto: "https" };
const ADDED = ["x-forwarded-for", "203.0.113.7", "x-forwarded-host", "api.example", "x-forwarded-proto", "https"];

function toFilter(headers: Record<string, string>, neededHeaders: readonly string[] | "all" = "all") {
  const service = { neededHeaders, identityHeaders: ["x-user"] };
  const result = headersForFilter(incoming(headers), service, SEEN);
  // The gateway always adds the same headers; without them the tests are easier to read.
  return result.ok && neededHeaders === "all" ? { ...result, headers: result.headers.slice(0, -ADDED.length) } : result;
}

const GATEWAY_HEADERS = {
  "x-forwarded-for": "203.0.113.7",
  "x-forwarded-host": "api.example",
  "x-forwarded-proto": "https",
};

describe("ordinary headers", () => {
  const ordinary = {
    accept: "*/*",
    authorization: "Bearer t",
    cookie: "a=1; b=2",
    "content-length": "3",
    "content-type": "text/plain",
    "x-tenant": "t",
    "cf-connecting-ip": "203.0.113.7",
  };

  it("go to the upstream, together with the gateway's own", () => {
    expect(toUpstream(ordinary)).toEqual({ ...ordinary, ...GATEWAY_HEADERS });
  });

  it("go to a filter that may read all of them", () => {
    expect(toFilter(ordinary)).toEqual({ ok: true, headers: Object.entries(ordinary).flat() });
  });
});

describe("a header that a client may not send", () => {
  it.each([
    // identity
    "x-user",
    "X-User",
    "X_User",
    "x_user",
    // the connection
    "Connection",
    "Keep-Alive",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Transfer_Encoding",
    "Upgrade",
    "Host",
    "Expect",
    // would override the authorized request
    "X-Original-URL",
    "X-Rewrite-URL",
    "X_Rewrite_URL",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "X-Forwarded-Path",
    "X-Forwarded-Prefix",
    "X-Forwarded-User",
    "X-Forwarded-Anything",
    "X-Envoy-Original-Path",
    "X-Middleware-Subrequest",
    "Forwarded",
    "Proxy",
    "X-Real-IP",
    // the gateway's
    "X-Ebb-Scopes",
    "x_ebb_scopes",
    // second spellings of other headers for CGI-like upstreams
    "X_Tenant",
    "x.tenant",
    "cf_connecting_ip",
  ])("%s reaches neither filter nor upstream", (name) => {
    expect(toUpstream({ [name]: "evil" })).toEqual(GATEWAY_HEADERS);
    expect(toFilter({ [name]: "evil" })).toEqual({ ok: true, headers: [] });
  });

  it.each(["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "X_Forwarded_For"])(
    "%s is the gateway's",
    (name) => {
      expect(toUpstream({ [name]: "evil" })).toEqual(GATEWAY_HEADERS);
    },
  );

  it("is removed for any names of identity headers", () => {
    const name = fc.stringMatching(/^x-[a-z]{1,5}(-[a-z]{1,5})?$/);
    const spelling = fc.constantFrom<(name: string) => string>(
      (text) => text,
      (text) => text.toUpperCase(),
      (text) => text.replaceAll("-", "_"),
    );
    fc.assert(
      fc.property(name, spelling, spelling, (header, configured, sent) => {
        const identityHeaders = [configured(header).toLowerCase()];
        expect(toUpstream({ [sent(header)]: "evil" }, { identityHeaders })).toEqual(GATEWAY_HEADERS);
      }),
    );
  });
});

describe("Connection", () => {
  it("removes the headers it names for both filter and upstream", () => {
    const headers = {
      connection: "close, X-Tenant ,authorization",
      "x-tenant": "t",
      authorization: "Bearer t",
      accept: "*/*",
    };
    expect(toUpstream(headers)).toEqual({ accept: "*/*", ...GATEWAY_HEADERS });
    expect(toFilter(headers)).toEqual({ ok: true, headers: ["accept", "*/*"] });
    expect(toFilter(headers, ["authorization", "accept"])).toEqual({ ok: true, headers: ["accept", "*/*"] });
  });

  it("cannot remove headers that gateway and filter set", () => {
    const headers = { connection: "x-user, x-forwarded-for, x-forwarded-host", "x-user": "evil" };
    const changes = [{ name: "x-user", values: ["ann"] }];
    expect(toUpstream(headers, { changes })).toEqual({ "x-user": "ann", ...GATEWAY_HEADERS });
  });

  it("cannot remove headers that the platform set", () => {
    const headers = { connection: "cf-connecting-ip", "cf-connecting-ip": "203.0.113.7" };
    expect(toUpstream(headers)).toEqual({ "cf-connecting-ip": "203.0.113.7", ...GATEWAY_HEADERS });
  });
});

describe("Upgrade", () => {
  const handshake = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-protocol": "chat",
    "sec-websocket-version": "13",
  };

  it("goes on only for a WebSocket", () => {
    expect(toUpstream(handshake, { websocket: true })).toMatchObject({
      upgrade: "websocket",
      "sec-websocket-protocol": "chat",
    });
    expect(toUpstream({ connection: "Upgrade", upgrade: "h2c" })).toEqual(GATEWAY_HEADERS);
  });

  it("names only the WebSocket, even if the client listed other protocols", () => {
    expect(toUpstream({ upgrade: "websocket, h2c" }, { websocket: true }).upgrade).toBe("websocket");
  });
});

describe("the filter's changes", () => {
  const change = (name: string, ...values: string[]) => ({ name, values });

  it("set, replace and remove headers", () => {
    const changes = [change("x-user", "ann"), change("x-tenant", "u"), change("authorization")];
    expect(toUpstream({ "x-user": "evil", "x-tenant": "t", authorization: "Bearer t" }, { changes })).toEqual({
      "x-user": "ann",
      "x-tenant": "u",
      ...GATEWAY_HEADERS,
    });
  });

  it("may give a header several values; those of a cookie become one field", () => {
    const changes = [change("x-role", "a", "b"), change("cookie", "a=1", "b=2")];
    expect(toUpstream({ cookie: "evil=1" }, { changes })).toMatchObject({ "x-role": "a, b", cookie: "a=1; b=2" });
  });

  it("replace a client's header in the other spelling too", () => {
    expect(toUpstream({ "x-role": "evil" }, { changes: [change("x_role", "user")] })).toEqual({
      x_role: "user",
      ...GATEWAY_HEADERS,
    });
  });

  it("do not reach the connection, the framing or the request line", () => {
    const changes = [
      change(":path", "/admin"),
      change("host", "evil.example"),
      change("Content-Length", "0"),
      change("transfer-encoding", "chunked"),
      change("connection", "close"),
    ];
    expect(toUpstream({ "content-length": "3" }, { changes })).toEqual({ "content-length": "3", ...GATEWAY_HEADERS });
  });

  it.each([
    ["x user", "ann"],
    ["x-user", "ann\r\nx-admin: 1"],
    ["x-user", "a\u0000b"],
  ])("throw if no header can have them (%j: %j)", (name, value) => {
    expect(() => toUpstream({}, { changes: [change(name, value)] })).toThrow(TypeError);
  });
});

describe("the client's address", () => {
  it("is left out if the platform saw none", () => {
    expect(toUpstream({ "x-forwarded-for": "evil" }, { clientIp: "" })).not.toHaveProperty("x-forwarded-for");
  });
});

describe("the client's address, host and scheme as the gateway saw them", () => {
  const claims = { "X-Forwarded-For": "10.9.9.9", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http" };

  it("reach a filter that needs them, whatever the client claims", () => {
    const names = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
    expect(toFilter(claims, names)).toEqual({ ok: true, headers: ADDED });
    const all = headersForFilter(incoming(claims), { neededHeaders: "all", identityHeaders: [] }, SEEN);
    expect(all).toEqual({ ok: true, headers: ADDED });
  });

  it.each(["x-real-ip", "x-original-url", "forwarded", "x-forwarded-user"])("do not come from %s", (name) => {
    expect(toFilter({ [name]: "evil" }, [name])).toEqual({ ok: true, headers: [] });
  });
});

describe("the prefix that is stripped", () => {
  const claims = { "x-forwarded-prefix": "//evil.example" };

  it("reaches the upstream only, whatever the client claims", () => {
    expect(toUpstream(claims, { strippedPrefix: "/orders" })).toMatchObject({ "x-forwarded-prefix": "/orders" });
    expect(toUpstream(claims)).not.toHaveProperty("x-forwarded-prefix");
    expect(toFilter(claims, ["x-forwarded-prefix"])).toEqual({ ok: true, headers: [] });
  });
});

describe("headers sent to the filter", () => {
  it("are only those it needs, in its order, missing ones left out", () => {
    const headers = { cookie: "a=1", authorization: "Bearer t", accept: "*/*" };
    expect(toFilter(headers, ["authorization", "x-api-key", "cookie"])).toEqual({
      ok: true,
      headers: ["authorization", "Bearer t", "cookie", "a=1"],
    });
  });

  it.each(["Bearer \ufffd", "a\u0001", "a\u007f", "a\nb"])("cannot hold %j: two tokens could become one", (value) => {
    const refusal = { ok: false, reason: "header_not_utf8", header: "authorization" };
    expect(toFilter({ authorization: value }, ["authorization"])).toEqual(refusal);
    expect(toFilter({ authorization: value })).toEqual(refusal);
  });

  it("may hold tabs and any other text", () => {
    expect(toFilter({ "x-tenant": "a\tcafé 漢" })).toEqual({ ok: true, headers: ["x-tenant", "a\tcafé 漢"] });
  });

  it("are the only ones that are checked", () => {
    expect(toFilter({ referer: "\ufffd", authorization: "Bearer t" }, ["authorization"]).ok).toBe(true);
    expect(toFilter({ "x-user": "\ufffd" }).ok).toBe(true);
  });

  it("are bounded in bytes", () => {
    const refusal = { ok: false, reason: "headers_too_large", header: "authorization" };
    const spare = HEADER_LIMITS.maxBytes - "authorization".length;
    expect(toFilter({ authorization: "a".repeat(spare) }, ["authorization"]).ok).toBe(true);
    expect(toFilter({ authorization: "a".repeat(spare + 1) }, ["authorization"])).toEqual(refusal);
    expect(toFilter({ authorization: "漢".repeat(spare / 3 + 1) }, ["authorization"])).toEqual(refusal);
  });

  it("are bounded in number", () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-h${index}`, "v"]));
    expect(toFilter(many(HEADER_LIMITS.maxCount - ADDED.length / 2)).ok).toBe(true);
    expect(toFilter(many(HEADER_LIMITS.maxCount + 1))).toMatchObject({ reason: "headers_too_large" });
  });
});

describe("the operator's cookie", () => {
  const own = "__Host-ebb-operator=OPERATOR_TOKEN.1.a.b";

  it("goes to no upstream and no filter, whichever headers it needs", () => {
    const headers = { accept: "*/*", cookie: `a=1; ${own}; b=2` };
    expect(toUpstream(headers)).toMatchObject({ accept: "*/*", cookie: "a=1; b=2" });
    expect(toFilter(headers)).toEqual({ ok: true, headers: ["accept", "*/*", "cookie", "a=1; b=2"] });
    expect(toFilter(headers, ["cookie"])).toEqual({ ok: true, headers: ["cookie", "a=1; b=2"] });
    expect(headerReader(new Headers(headers))("cookie")).toBe("a=1; b=2");
  });

  it("leaves no header if it was the only one", () => {
    const headers = { accept: "*/*", cookie: own };
    expect(toUpstream(headers)).toEqual({ ...GATEWAY_HEADERS, accept: "*/*" });
    expect(toFilter(headers)).toEqual({ ok: true, headers: ["accept", "*/*"] });
    expect(toFilter(headers, ["cookie", "accept"])).toEqual({ ok: true, headers: ["accept", "*/*"] });
    expect(headerReader(new Headers(headers))("cookie")).toBeNull();
  });

  it("is found behind a comma, by which the runtime joins several lines", () => {
    const headers = { cookie: `a=1, ${own}, b=2` };
    expect(toUpstream(headers)).toMatchObject({ cookie: "a=1; b=2" });
    expect(toFilter(headers)).toEqual({ ok: true, headers: ["cookie", "a=1; b=2"] });
  });
});
