import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, type RawReply, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/** A name that the upstream would read as another one is refused. Every other name arrives as its exact bytes. */
describe.each(VARIANTS)("with $name, an identity", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;
  /** The authorization server's next reply. */
  let answer: RawReply = {};
  let asked = 0;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(() => answer);
    const common = {
      upstream: { url: upstream.origin },
      clusters: { auth: { url: authorization.origin } },
    };
    gateway = await startGateway(
      {
        services: {
          introspection: {
            ...common,
            route: { prefix: "/introspection" },
            authorization: {
              protocol: "introspection",
              cluster: "auth",
              path: "/introspect",
              clientAuthentication: { type: "none" },
              upstreamClaims: { sub: "x-user" },
            },
          },
          forward: {
            ...common,
            route: { prefix: "/forward" },
            authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", upstreamHeaders: ["x-user"] },
          },
          authzen: {
            ...common,
            route: { prefix: "/authzen" },
            authorization: { protocol: "authzen", cluster: "auth", upstreamHeaders: ["x-user"] },
          },
          opa: {
            ...common,
            route: { prefix: "/opa" },
            authorization: { protocol: "opa", cluster: "auth", path: "/v1/data/allow", upstreamHeaders: ["x-user"] },
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

  /**
   * Sends one request with a fresh token. @returns status, body and the exact values of `x-user` that the upstream got
   */
  async function identify(service: string, reply: RawReply) {
    answer = reply;
    const before = upstream.requests.length;
    const response = await gateway.send({
      target: `/${service}/1`,
      headers: [`Authorization: Bearer t${asked++}`, "X-User: forged"],
    });
    const seen = upstream.requests.slice(before);
    return { status: response.status, body: response.body, users: seen.map((request) => linesOf(request, "x-user")) };
  }

  const json = (value: unknown): RawReply => ({ body: JSON.stringify(value) });
  const named: Record<string, (name: string) => RawReply> = {
    introspection: (name) => json({ active: true, sub: name }),
    authzen: (name) => json({ decision: true, context: { headers: { "x-user": name } } }),
    opa: (name) => json({ result: { allow: true, headers: { "x-user": name } } }),
    forward: (name) => ({ headers: [["x-user", Buffer.from(name).toString("latin1")]] }),
  };
  /** The name as the raw server reads its bytes. */
  const asLatin1 = (name: string) => Buffer.from(name).toString("latin1");

  describe.each(Object.keys(named))("from %s", (service) => {
    it.each([...["root", "Zoë", "王小明", "a 🌊 b", "e\u0301", "%C3%AB", "UTF-8''Zo%C3%AB", "ZoÃ«", "a, b", '"a"']])(
      "arrives as the UTF-8 of %j",
      async (name) => {
        expect(await identify(service, named[service]!(name))).toMatchObject({
          status: 200,
          users: [[asLatin1(name)]],
        });
      },
    );

    it.each(["a\tb", "root\u00a0", "\u3000root", "\ufeffroot", "a\u0085b", "root\u2028", "a\ufffdb"])(
      "that would arrive as another name is refused: %j",
      async (name) => {
        const { status, body, users } = await identify(service, named[service]!(name));
        expect({ status, body, users }).toEqual({
          status: 503,
          body: '{"error":"authorization_server_malformed"}',
          users: [],
        });
      },
    );
  });

  describe.each(["introspection", "authzen", "opa"])("in JSON, from %s", (service) => {
    it.each(["  root  ", " root", "root ", "", " ", "root\r\nx-admin: 1", "a\nb", "a\u0000", "\u007f"])(
      "that no header can carry is refused: %j",
      async (name) => {
        expect(await identify(service, named[service]!(name))).toMatchObject({ status: 503, users: [] });
      },
    );
  });

  it("whose bytes are not UTF-8 is refused", async () => {
    for (const bytes of ["Zo\xeb", "a\xc3", "\xed\xa0\x80"]) {
      const head = `HTTP/1.1 200 OK\r\nx-user: ${bytes}\r\ncontent-length: 0\r\n\r\n`;
      expect(await identify("forward", Buffer.from(head, "latin1"))).toMatchObject({ status: 503, users: [] });
    }
  });

  it("that is a number arrives as its digits, and is refused if written in an unusual way", async () => {
    for (const digits of ["0", "7", "9007199254740993"]) {
      const reply = { body: `{"active":true,"sub":${digits}}` };
      expect(await identify("introspection", reply)).toMatchObject({ status: 200, users: [[digits]] });
    }
    for (const written of ["1e0", "1.0", "-0"]) {
      const reply = { body: `{"active":true,"sub":${written}}` };
      expect(await identify("introspection", reply)).toMatchObject({ status: 503, users: [] });
    }
  });

  it("that is missing or null still removes the header that the client sent", async () => {
    for (const reply of [json({ active: true }), json({ active: true, sub: null })]) {
      expect(await identify("introspection", reply)).toMatchObject({ status: 200, users: [[]] });
    }
    expect(await identify("forward", {})).toMatchObject({ status: 200, users: [[]] });
  });
});
