import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { REFUSING_ORIGIN } from "../faults/socket-server.ts";
import { headerOf } from "./raw-client.ts";
import { type RawReply, type RawRequest, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/** Outbound calls that fail: which of them are repeated, and which lines the operator finds in the log. */

const TIMEOUT_MS = 400;
const ALLOWING: Readonly<Record<string, string>> = {
  forward: "",
  introspection: '{"active":true,"sub":"ann"}',
  opa: '{"result":true}',
  authzen: '{"decision":true}',
};

const PROBE_LIMITS = { intervalMs: 100, timeoutMs: 300, idleMs: 60_000, silenceMs: 30_000 };

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the condition holds, at most 10 s. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 200 && !(await condition()); n += 1) await after(50);
}

describe.each(VARIANTS)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let answer: (request: RawRequest) => RawReply | Promise<RawReply>;
  let gateway: SecurityGateway;
  let tokens = 0;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start((request) => answer(request));
    const clusters = { auth: { url: authorization.origin, timeoutMs: TIMEOUT_MS } };
    const common = { upstream: { url: upstream.origin }, clusters };
    const clientAuthentication = { type: "none" } as const;
    const subject = { cluster: "idp", path: "/introspection", clientAuthentication } as const;
    const services = {
      forward: { ...common, authorization: { protocol: "forward-auth", cluster: "auth", path: "/forward" } },
      introspection: {
        ...common,
        authorization: { protocol: "introspection", cluster: "auth", path: "/introspection", clientAuthentication },
      },
      opa: { ...common, authorization: { protocol: "opa", cluster: "auth", path: "/opa" } },
      authzen: { ...common, authorization: { protocol: "authzen", cluster: "auth", path: "/authzen" } },
      "with-subject": {
        ...common,
        clusters: { ...clusters, idp: clusters.auth },
        authorization: { protocol: "authzen", cluster: "auth", path: "/authzen", subject },
      },
      closed: {
        ...common,
        clusters: { auth: { url: REFUSING_ORIGIN } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/forward" },
      },
    } as const;
    // Each service has a second one for the log's tests, because the log leaves out similar lines for a second.
    const routed = Object.entries(services).flatMap(([name, service]) => [
      [name, { ...service, route: { prefix: `/${name}` } }],
      [`logged-${name}`, { ...service, route: { prefix: `/logged-${name}` } }],
    ]);
    gateway = await startGateway({ services: Object.fromEntries(routed) }, { variant, probeLimits: PROBE_LIMITS });
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });
  beforeEach(() => {
    authorization.disconnect();
  });

  async function ask(service: string) {
    tokens += 1;
    const response = await gateway.send({
      target: `/${service}/1`,
      // Each request comes from another address, because one address may not use all calls at once.
      headers: [`Authorization: Bearer secret-${tokens}`, `CF-Connecting-IP: 198.51.100.${tokens % 250}`],
    });
    return { status: response.status, reason: headerOf(response, "x-ebb-reason") };
  }
  const allow = ({ target }: RawRequest): RawReply => ({
    body: ALLOWING[target.slice(1)] ?? ALLOWING.introspection!,
    headers: [["content-type", "application/json"]],
  });

  describe.each(Object.keys(ALLOWING))("under %s", (service) => {
    it("a call is repeated if the server closed its kept-alive connection", async () => {
      answer = (request) => (request.earlier > 0 ? "reset" : allow(request));
      for (let n = 0; n < 10; n += 1) expect((await ask(service)).status).toBe(200);
    });

    it("a call is repeated if many kept-alive connections are closed at once", async () => {
      answer = async (request) => {
        if (request.earlier > 0) return "reset";
        await after(50);
        return allow(request);
      };
      for (let round = 0; round < 5; round += 1) {
        const answers = await Promise.all(Array.from({ length: 6 }, () => ask(service)));
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
      }
    });

    it("a call succeeds right after the server closed all connections, as in a restart", async () => {
      answer = async (request) => {
        await after(50);
        return allow(request);
      };
      for (let round = 0; round < 5; round += 1) {
        await Promise.all(Array.from({ length: 6 }, () => ask(service)));
        authorization.disconnect();
        expect((await ask(service)).status).toBe(200);
      }
    });

    it("a call is not repeated after a time-out", async () => {
      answer = () => "hang";
      expect(await ask(service)).toEqual({ status: 503, reason: "authorization_server_timeout" });
      const asked = authorization.requests.filter(({ headers, body }) =>
        `${JSON.stringify(headers)} ${body}`.includes(`secret-${tokens}`),
      );
      expect(asked).toHaveLength(1);
      answer = allow;
      await until(async () => (await gateway.stats(service)).clusters.auth!.state === "answering");
    });
  });

  describe("the log", () => {
    /** The lines about a service's failed calls until 1.3 s after the work: cluster, reason, status and number left out. */
    async function linesDuring(service: string, work: () => Promise<unknown>): Promise<string[]> {
      const before = gateway.workerd.log().length;
      await work();
      await after(1_300);
      const lines = gateway.workerd.log().slice(before).split("\n");
      expect(lines.join("\n")).not.toMatch(/secret-|a=b/);
      const start = `{"event":"call_failed","service":"logged-${service}",`;
      return lines
        .filter((line) => line.startsWith(start))
        .map((line): Record<string, unknown> => JSON.parse(line))
        .map(({ cluster, reason, status, tookMs, leftOut }) => {
          expect(tookMs === null || (typeof tookMs === "number" && tookMs >= 0)).toBe(true);
          const more = [status, leftOut].filter((part) => part !== null && part !== undefined);
          return [`${cluster}: ${reason}`, ...more].join(", ");
        });
    }

    it.each<[what: string, service: string, reply: RawReply, line: string]>([
      ["a wrong path", "forward", { status: 404 }, "auth: unexpected status, 404"],
      ["a wrong client secret", "introspection", { status: 401 }, "auth: unexpected status, 401"],
      ["a path that moved", "opa", { status: 302 }, "auth: unexpected status, 302"],
      ["a fault of the server", "authzen", { status: 500 }, "auth: unexpected status, 500"],
      ["a reply that is no JSON", "introspection", { body: "<html>" }, "auth: a reply that cannot be read"],
      ["a subject that cannot be read", "with-subject", { body: "[]" }, "idp: a reply that cannot be read"],
      [
        "a reply that is too long",
        "opa",
        { body: "x".repeat(2_000_000) },
        "auth: a reply body of more than 1048576 bytes",
      ],
      ["bytes that are no reply", "forward", Buffer.from("garbage\r\n\r\n"), "auth: no answer"],
      ["a refused connection", "closed", "hang", "auth: no answer"],
      ["a time-out", "authzen", "hang", "auth: timeout"],
    ])("reports %s", async (_, service, reply, line) => {
      answer = () => reply;
      const lines = await linesDuring(service, () => ask(`logged-${service}`));
      expect(lines).toEqual([line]);
    });

    it("distinguishes an unreadable decision from an unreadable subject", async () => {
      answer = (request) => (request.target === "/introspection" ? allow(request) : { body: "[]" });
      const lines = await linesDuring("with-subject", () => ask("logged-with-subject"));
      expect(lines).toEqual(["auth: a reply that cannot be read"]);
    });

    it("has one line a second for many failures of one kind, with their number", async () => {
      answer = () => ({ status: 500 });
      const lines = await linesDuring("introspection", () =>
        Promise.all(Array.from({ length: 20 }, () => ask("logged-introspection"))),
      );
      expect(lines).toEqual(["auth: unexpected status, 500", "auth: unexpected status, 500, 18"]);
    });
  });
});
