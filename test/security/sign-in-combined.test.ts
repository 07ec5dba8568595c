import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, type RawReply, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";

/** `withoutCredential: "ask"` together with what else a service may switch on: each alone, and all at once. */

const PAGE = "https://page.example";
const LOGIN: RawReply = {
  status: 302,
  headers: [
    ["location", "https://login.example/start?state=secret"],
    ["set-cookie", "state=1; HttpOnly"],
    ["access-control-allow-origin", "*"],
  ],
  body: "<a href='https://login.example/start?state=secret'>Sign in</a>",
};
const ALL = {
  body: { authorization: { method: "POST", requestBody: { maxBytes: 64 } } },
  led: {
    resource: { authorizationServers: ["https://login.example"], scopes: ["read"] },
    authorization: { enforcesScopes: true },
    rules: [{ path: "/:service/admin", scopes: ["admin"] }],
  },
  cors: { cors: { origins: [PAGE], credentials: true, methods: ["GET"], headers: ["x-requested-with"] } },
  edge: { cache: { edgeTtlMs: 60_000 } },
  stripped: { route: { stripPrefix: true } },
} as const;

let upstream: RawServer;
let server: RawServer;
let gateway: SecurityGateway;
let answer: (request: RawRequest) => RawReply | Promise<RawReply>;

function serviceOf(name: string, parts: readonly (keyof typeof ALL | "report")[]) {
  const chosen = parts.map((part) => (part === "report" ? REPORTING : ALL[part]) as Record<string, object>);
  const merged = (field: string) => Object.assign({}, ...chosen.map((part) => part[field] ?? {}));
  const service = {
    ...Object.assign({}, ...chosen),
    route: { prefix: `/${name}`, ...merged("route") },
    upstream: { url: upstream.origin },
    clusters: { auth: { url: server.origin, timeoutMs: 2_000 } },
    credentials: [{ from: "cookie", name: "session" }],
    authorization: {
      protocol: "forward-auth",
      cluster: "auth",
      path: "/check",
      withoutCredential: "ask",
      upstreamHeaders: ["x-user"],
      clientHeaders: ["set-cookie"],
      ...merged("authorization"),
    },
  };
  return [name, service];
}

const REPORTING = { enforcement: { mode: "report-only", until: "2099-01-01" } };
const EVERYTHING = Object.keys(ALL) as (keyof typeof ALL)[];

beforeAll(async () => {
  upstream = await RawServer.start(() => ({ body: "served" }));
  server = await RawServer.start((request) => answer(request));
  const services = Object.fromEntries([
    ...EVERYTHING.map((part) => serviceOf(part, [part])),
    serviceOf("all", EVERYTHING),
    serviceOf("report", [...EVERYTHING, "report"]),
  ]);
  gateway = await startGateway({ services } as never);
});
afterAll(async () => {
  await Promise.all([gateway, upstream, server].map((each) => each?.stop()));
});
beforeEach(() => {
  answer = () => LOGIN;
  server.requests.length = 0;
  upstream.requests.length = 0;
});

async function ask(target: string, headers: string[] = [], method = "GET", body = "") {
  const response = await gateway.send({ method, target, headers, body });
  return { ...response, header: (name: string) => headerOf(response, name) };
}

describe.each(["body", "all"])("where the check sees bodies (%s), a request without a credential", (service) => {
  const POST = ["Content-Type: text/plain", "Content-Length: 5"];

  it("is answered before its body comes: nobody makes the gateway hold one", async () => {
    const begun = Date.now();
    const text = await new Promise<string>((resolve, reject) => {
      const socket = connect(gateway.port, "127.0.0.1");
      socket.on("error", reject).on("data", (data) => {
        resolve(data.toString("latin1"));
        socket.destroy();
      });
      socket.write(`POST /${service}/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\nbegun`);
    });
    expect(text).toMatch(/^HTTP\/1\.1 302 /);
    // So long the gateway waits for a body that it wants to see.
    expect(Date.now() - begun).toBeLessThan(9_000);
    expect(server.requests).toHaveLength(1);
  });

  it("passes with its whole body, of which the server sees nothing, whatever the client says of it", async () => {
    answer = () => ({ headers: [["x-user", "guest"]] });
    const claims = [`X-Ebb-Request-Body: ${"0".repeat(64)};whole`, "X-Envoy-Auth-Partial-Body: false"];
    const { body } = await ask(`/${service}/1`, [...POST, ...claims], "POST", "hello");
    expect(body).toBe("served");
    const [asked] = server.requests;
    expect([asked!.method, asked!.body.length]).toEqual(["POST", 0]);
    expect(linesOf(asked!, "x-ebb-request-body")).toEqual([]);
    expect(upstream.requests[0]!.body.toString()).toBe("hello");
    expect(linesOf(upstream.requests[0]!, "content-length")).toEqual(["5"]);
  });

  it("has a check that says whether there is a body which it does not show", async () => {
    const partial = () => linesOf(server.requests.at(-1)!, "x-envoy-auth-partial-body");
    await ask(`/${service}/1`, [...POST, "X-Envoy-Auth-Partial-Body: false"], "POST", "hello");
    expect(partial()).toEqual(["true"]);
    await ask(`/${service}/1`, ["Transfer-Encoding: chunked"], "POST", "0\r\n\r\n");
    expect(partial()).toEqual(["true"]);
    for (const method of ["GET", "POST"]) {
      await ask(`/${service}/1`, ["Content-Length: 0", "X-Envoy-Auth-Partial-Body: true"], method);
      expect(partial()).toEqual([]);
    }
  });

  it("passes with its whole body in chunks", async () => {
    answer = () => ({});
    const chunks = ["abc", "d".repeat(100), ""].map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    const { status } = await ask(`/${service}/1`, ["Transfer-Encoding: chunked"], "POST", chunks.join(""));
    expect([status, server.requests[0]!.body.length]).toEqual([200, 0]);
    expect(upstream.requests[0]!.body.toString()).toContain("d".repeat(100));
  });

  it("is another one than a request with a session, whose body the server sees", async () => {
    answer = ({ body }) => (body.toString() === "hello" ? {} : LOGIN);
    expect((await ask(`/${service}/1`, ["Cookie: session=ann", ...POST], "POST", "hello")).status).toBe(200);
    expect((await ask(`/${service}/1`, POST, "POST", "hello")).status).toBe(302);
  });
});

describe.each(["led", "all"])(
  "where the service publishes metadata (%s), a request without a credential",
  (service) => {
    const METADATA = `resource_metadata="http://api.example/.well-known/oauth-protected-resource/${service}"`;

    it("gets them in the challenge that the gateway adds to a 401, with the scopes to ask for", async () => {
      answer = () => ({ status: 401 });
      const { status, header } = await ask(`/${service}/1`);
      expect([status, header("www-authenticate")]).toEqual([
        401,
        `Bearer realm="${service}", scope="read", ${METADATA}`,
      ]);
    });

    it.each(['Basic realm="x"', 'Bearer realm="other"', 'Bearer error="invalid_token"'])(
      "gets the server's own challenge as it is: %s",
      async (challenge) => {
        answer = () => ({ status: 401, headers: [["www-authenticate", challenge]] });
        expect((await ask(`/${service}/1`)).header("www-authenticate")).toBe(challenge);
      },
    );

    it("gets no challenge with a redirect", async () => {
      const { status, header } = await ask(`/${service}/1`);
      expect([status, header("www-authenticate")]).toEqual([302, undefined]);
    });

    it("gets the metadata themselves, and nobody is asked", async () => {
      const { status, body } = await ask(`/.well-known/oauth-protected-resource/${service}`);
      expect([status, JSON.parse(body).authorization_servers]).toEqual([200, ["https://login.example"]]);
      expect(server.requests).toEqual([]);
    });
  },
);

describe.each(["cors", "all"])(
  "where pages of other origins call the service (%s), without a credential",
  (service) => {
    const cors = (reply: Awaited<ReturnType<typeof ask>>) => ({
      origin: reply.header("access-control-allow-origin"),
      credentials: reply.header("access-control-allow-credentials"),
      exposed: reply.header("access-control-expose-headers"),
    });

    it("a listed page may follow the redirect, but reads neither where it leads nor its cookies", async () => {
      const reply = await ask(`/${service}/1`, [`Origin: ${PAGE}`]);
      expect(reply.status).toBe(302);
      expect(cors(reply)).toMatchObject({ origin: PAGE, credentials: "true" });
      expect(cors(reply).exposed).not.toMatch(/location|set-cookie/i);
      expect(reply.header("vary")).toMatch(/origin/i);
    });

    it("a listed page reads the 401 that the server gives scripts", async () => {
      answer = (request) => (linesOf(request, "x-requested-with").length > 0 ? { status: 401 } : LOGIN);
      const reply = await ask(`/${service}/1`, [`Origin: ${PAGE}`, "X-Requested-With: fetch"]);
      expect([reply.status, cors(reply).origin]).toEqual([401, PAGE]);
      expect(cors(reply).exposed).toMatch(/www-authenticate/);
    });

    it.each(["https://evil.example", "null", `${PAGE}.evil.example`])("a page of %s reads nothing", async (origin) => {
      for (const reply of [LOGIN, { status: 401 }, { status: 403, body: "sign in" }]) {
        answer = () => reply;
        const got = await ask(`/${service}/1`, [`Origin: ${origin}`]);
        expect(cors(got)).toEqual({ origin: undefined, credentials: undefined, exposed: undefined });
        expect(got.header("vary")).toMatch(/origin/i);
      }
    });

    it("a preflight is answered without the server", async () => {
      const headers = [`Origin: ${PAGE}`, "Access-Control-Request-Method: GET"];
      expect((await ask(`/${service}/1`, headers, "OPTIONS")).status).toBe(204);
      expect(server.requests).toEqual([]);
    });
  },
);

describe.each(["edge", "all"])("where isolates keep allows (%s), a request without a credential", (service) => {
  it("is asked about each time, before and after an allow, and gets no allow of a session", async () => {
    answer = () => ({ headers: [["x-user", "ann"]] });
    const session = ["Cookie: session=edge"];
    for (let round = 0; round < 3; round += 1) expect((await ask(`/${service}/2`, session)).status).toBe(200);
    expect(server.requests).toHaveLength(1);
    for (let round = 0; round < 3; round += 1) expect((await ask(`/${service}/2`)).status).toBe(200);
    expect(server.requests).toHaveLength(4);
    answer = () => LOGIN;
    expect((await ask(`/${service}/2`)).status).toBe(302);
    expect((await ask(`/${service}/2`, ["Cookie: session="])).status).toBe(302);
    expect((await ask(`/${service}/2`, session)).status).toBe(200);
  });
});

describe.each(["stripped", "all"])("where the upstream gets no prefix (%s), without a credential", (service) => {
  it("the server is told the path that the client asked for, and only the upstream of the prefix", async () => {
    answer = () => ({});
    const { status } = await ask(`/${service}/a/b?c=d`, ["X-Forwarded-Prefix: /evil", "X-Forwarded-Uri: /evil"]);
    expect(status).toBe(200);
    expect(linesOf(server.requests[0]!, "x-forwarded-uri")).toEqual([`/${service}/a/b?c=d`]);
    expect(linesOf(server.requests[0]!, "x-forwarded-prefix")).toEqual([]);
    expect(upstream.requests[0]!.target).toBe("/a/b?c=d");
    expect(linesOf(upstream.requests[0]!, "x-forwarded-prefix")).toEqual([`/${service}`]);
  });
});

describe("where the service only reports and has all the rest, a request without a credential", () => {
  it.each<[string, RawReply]>([
    ["a redirect", LOGIN],
    ["a 401", { status: 401 }],
    ["a failure", { status: 500 }],
  ])("passes with its body and without identity or cookies of the server, after %s", async (_, reply) => {
    answer = () => reply;
    const headers = ["Content-Length: 5", "X-User: root", `Origin: ${PAGE}`];
    const got = await ask("/report/1", headers, "POST", "hello");
    expect([got.status, got.body, got.header("set-cookie")]).toEqual([200, "served", undefined]);
    const passed = upstream.requests[0]!;
    expect([passed.target, passed.body.toString(), linesOf(passed, "x-user")]).toEqual(["/1", "hello", []]);
  });

  it("gets identity and cookies of an allow", async () => {
    answer = () => ({
      headers: [
        ["x-user", "guest"],
        ["set-cookie", "session=new"],
      ],
    });
    const got = await ask("/report/1", ["X-User: root"]);
    expect([got.header("set-cookie"), linesOf(upstream.requests[0]!, "x-user")]).toEqual(["session=new", ["guest"]]);
  });
});
