import { exportJWK, generateKeyPair, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { linesOf, type RawReply, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { json } from "./token-issuer.ts";
import { VARIANTS } from "./variants.ts";

/**
 * One server that introspects tokens and decides: its URL comes from the environment, its evaluation endpoint from its metadata, and
 * the gateway signs who it is. Only the call that needs a proof gets it, and only the one that decides goes to the endpoint.
 */

const METADATA = "/.well-known/authzen-configuration";

describe.each(VARIANTS)("with $name, a server that introspects and decides", (variant) => {
  let server: RawServer;
  let upstream: RawServer;
  let gateway: SecurityGateway;
  let introspected: RawReply;
  let metadata: () => RawReply;
  let evaluated: () => RawReply;
  let decision: boolean;
  let tokens = 0;
  let publicKey: Awaited<ReturnType<typeof generateKeyPair>>["publicKey"];

  beforeAll(async () => {
    const pair = await generateKeyPair("ES256", { extractable: true });
    publicKey = pair.publicKey;
    server = await RawServer.start(({ target, method }) => {
      if (target === METADATA && method === "GET") return metadata();
      if (target === "/introspect") return introspected;
      if (target === "/moved") return json({ decision: true });
      return target === "/tenant/evaluation" ? evaluated() : { status: 404 };
    });
    upstream = await RawServer.start(() => ({ body: "served" }));
    const service = (name: string, key: string, url: string) => ({
      route: { prefix: `/${name}` },
      upstream: { url: upstream.origin },
      clusters: { login: { url: { variable: url }, timeoutMs: 2_000 } },
      authorization: {
        protocol: "authzen",
        cluster: "login",
        path: "discover",
        requestBody: { maxBytes: 64 },
        subject: {
          cluster: "login",
          path: "/introspect",
          clientAuthentication: {
            type: "private-key-jwt",
            id: "gateway",
            key: { secret: key },
            algorithm: "ES256",
            audience: "https://login.example",
          },
        },
      },
    });
    const services = {
      one: service("one", "KEY", "LOGIN_URL"),
      elsewhere: service("elsewhere", "KEY", "OTHER_URL"),
      unsigned: service("unsigned", "NOT_SET", "LOGIN_URL"),
    };
    gateway = await startGateway({ services } as never, {
      variant,
      text: {
        LOGIN_URL: `${server.origin}/`,
        // The same server by another name than its metadata have.
        OTHER_URL: server.origin.replace("127.0.0.1", "localhost"),
        KEY: JSON.stringify(await exportJWK(pair.privateKey)),
      },
    });
  });
  afterAll(async () => {
    await Promise.all([gateway, server, upstream].map((each) => each?.stop()));
  });
  beforeEach(() => {
    server.requests.length = 0;
    upstream.requests.length = 0;
    introspected = json({ active: true, sub: "ann" });
    metadata = () =>
      json({
        policy_decision_point: server.origin,
        access_evaluation_endpoint: `${server.origin}/tenant/evaluation`,
      });
    decision = true;
    evaluated = () => json({ decision });
  });

  async function ask(service: string, token = `token-${++tokens}`) {
    const { status, body } = await gateway.send({
      method: "POST",
      target: `/${service}/1`,
      headers: [`Authorization: Bearer ${token}`, "Content-Type: text/plain", "Content-Length: 5"],
      body: "hello",
    });
    return status === 200 ? "served" : `${status} ${JSON.parse(body).error}`;
  }
  const callsTo = (target: string) => server.requests.filter((request) => request.target === target);

  it("gets the gateway's signature with the token, and is asked about the subject where its metadata say", async () => {
    expect(await ask("one", "a-token")).toBe("served");
    const [introspection] = callsTo("/introspect");
    const form = new URLSearchParams(introspection!.body.toString());
    expect(form.get("token")).toBe("a-token");
    const options = { issuer: "gateway", audience: "https://login.example", algorithms: ["ES256"] };
    expect((await jwtVerify(form.get("client_assertion")!, publicKey, options)).payload.sub).toBe("gateway");
    expect(introspection!.body.toString()).not.toContain("hello");

    const [evaluation] = callsTo("/tenant/evaluation");
    expect(JSON.parse(evaluation!.body.toString())).toMatchObject({
      subject: { id: "ann" },
      context: { body: "hello" },
    });
    const sent = JSON.stringify(evaluation!.headers) + evaluation!.body.toString();
    expect(sent).not.toMatch(/client_assertion|a-token/);
    expect(linesOf(evaluation!, "content-length")).toHaveLength(1);
  });

  it("signs each call anew, and is asked for its metadata no more", async () => {
    for (let round = 0; round < 2; round += 1) expect(await ask("one")).toBe("served");
    const assertions = callsTo("/introspect").map(({ body }) =>
      new URLSearchParams(body.toString()).get("client_assertion"),
    );
    expect(new Set(assertions).size).toBe(2);
    expect(callsTo("/tenant/evaluation")).toHaveLength(2);
    expect(callsTo(METADATA).length).toBeLessThan(2);
  });

  it("denies: a token that is not active, of which no decision is asked, and a subject", async () => {
    introspected = json({ active: false });
    expect(await ask("one")).toBe("401 token_inactive");
    expect(callsTo("/tenant/evaluation")).toEqual([]);
    introspected = json({ active: true, sub: "eve" });
    decision = false;
    expect(await ask("one")).toBe("403 denied");
    expect(upstream.requests).toEqual([]);
  });

  it("lets nobody in if its metadata are of another server, though the token is active", async () => {
    expect(await ask("elsewhere")).toBe("503 authorization_server_error");
    expect(callsTo("/introspect")).toHaveLength(1);
    expect(callsTo("/tenant/evaluation")).toEqual([]);
    expect(upstream.requests).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])("sends the gateway nowhere else: its endpoint answers with %i", async (status) => {
    evaluated = () => ({ status, headers: [["location", `${server.origin}/moved`]] });
    expect(await ask("one")).toBe("503 authorization_server_error");
    expect(callsTo("/moved")).toEqual([]);
  });

  it("lets nobody in if its endpoint does not answer in time, and is asked again later", async () => {
    evaluated = () => "hang";
    expect(await ask("one")).toBe("503 authorization_server_timeout");
    evaluated = () => json({ decision });
    expect(await ask("one")).toBe("served");
  });

  it("gets no token from a gateway that cannot sign", async () => {
    expect(await ask("unsigned")).toMatch(/^503 /);
    expect(server.requests).toEqual([]);
  });
});
