import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { headerOf } from "./raw-client.ts";
import { linesOf, RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS_AND_ASKING } from "./variants.ts";

/** What a decision is kept for, where the operator leaves out the object's identity or a header. */
describe.each(VARIANTS_AND_ASKING)("with $name", (variant) => {
  let upstream: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    upstream = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(({ headers }) => {
      const line = (name: string) => linesOf({ headers }, name)[0] ?? "";
      const [token, method, uri] = [line("authorization"), line("x-forwarded-method"), line("x-forwarded-uri")];
      // Decides by kind of request.
      const refused = uri.startsWith("/rules/admin") || (method === "DELETE" && uri === "/rules/:id");
      const vary = /vary=(\S+)/.exec(token)?.[1];
      return {
        status: refused ? 403 : 200,
        headers: [
          ["X-Decided", `${token} ${method} ${uri} ${line("traceparent") || "untraced"}`],
          ...(vary === undefined ? [] : [["Vary", vary] as [string, string]]),
        ],
      };
    });
    const service = (name: string, fields: object, rules: { path: string }[] = []) =>
      [
        name,
        {
          route: { prefix: `/${name}` },
          upstream: { url: upstream.origin },
          clusters: { auth: { url: authorization.origin } },
          authorization: {
            protocol: "forward-auth",
            cluster: "auth",
            path: "/check",
            upstreamHeaders: ["x-decided"],
            ...fields,
          },
          rules,
        },
      ] as const;
    const rules = [
      { path: "/rules/health", public: true },
      { path: "/rules/admin/*" },
      { path: "/rules/:id", methods: ["GET"] },
      { path: "/rules/:id", methods: ["DELETE"] },
      { path: "/rules/:id/items/:item" },
    ] as { path: string }[];
    const services = [
      service("rules", { uri: "rule" }, rules),
      service("traced", { unkeyedHeaders: ["traceparent", "x-request-id"], requestHeaders: ["x-tenant"] }),
    ];
    gateway = await startGateway({ services: Object.fromEntries(services) as never }, { variant });
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([upstream?.stop(), authorization?.stop()]);
  });

  /** The reply, what the server was asked if it was, and what the upstream got if it got anything. */
  async function ask(target: string, token: string, headers: string[] = [], method = "GET") {
    const before = { asked: authorization.requests.length, sent: upstream.requests.length };
    const response = await gateway.send({ method, target, headers: [`Authorization: Bearer ${token}`, ...headers] });
    const asked = authorization.requests.slice(before.asked);
    const sent = upstream.requests.slice(before.sent)[0];
    return {
      status: response.status,
      reason: headerOf(response, "x-ebb-reason"),
      calls: asked.length,
      asked: asked.length === 0 ? undefined : linesOf(asked[0]!, "x-forwarded-uri"),
      target: sent?.target,
      decided: sent === undefined ? undefined : linesOf(sent, "x-decided")[0],
    };
  }

  describe("the pattern of a rule", () => {
    it("is all that the server learns of path and query; the upstream gets the request as it was sent", async () => {
      expect(await ask("/rules/4711?secret=1", "ann")).toMatchObject({
        status: 200,
        asked: ["/rules/:id"],
        target: "/rules/4711?secret=1",
        decided: "Bearer ann GET /rules/:id untraced",
      });
      expect(JSON.stringify(authorization.requests.at(-1))).not.toMatch(/4711|secret/);
    });

    it("stands for every object of the rule: they share a decision", async () => {
      expect(await ask("/rules/1", "bob")).toMatchObject({ status: 200, calls: 1 });
      for (const target of ["/rules/2", "/rules/3?a", "/rules/caf%C3%A9", "/rules/administrator"]) {
        expect(await ask(target, "bob")).toMatchObject({ status: 200, calls: 0, target });
      }
    });

    it("never for another rule, method or credential", async () => {
      expect(await ask("/rules/1", "eve")).toMatchObject({ status: 200, calls: 1 });
      expect(await ask("/rules/1", "eve", [], "DELETE")).toMatchObject({
        status: 403,
        calls: 1,
        asked: ["/rules/:id"],
      });
      expect(await ask("/rules/1", "eve", [], "HEAD")).toMatchObject({ status: 200, calls: 1, asked: ["/rules/:id"] });
      expect(await ask("/rules/1/items/2", "eve")).toMatchObject({ calls: 1, asked: ["/rules/:id/items/:item"] });
      expect(await ask("/rules/admin/1", "eve")).toMatchObject({ status: 403, calls: 1, asked: ["/rules/admin/*"] });
      expect(await ask("/rules/1", "Eve")).toMatchObject({ status: 200, calls: 1 });
    });

    it.each(["/rules/1/2/3?a=b", "/rules/:id/x", "/rules/*/x?/rules/:id"])(
      "is not sent for a path that no rule matches, which is sent whole and decided on alone: %s",
      async (target) => {
        expect(await ask(target, "joe")).toMatchObject({ status: 200, calls: 1, asked: [target] });
        expect(await ask(`${target}2`, "joe")).toMatchObject({ status: 200, calls: 1, asked: [`${target}2`] });
      },
    );

    it("with a path that reads like it serves only that rule", async () => {
      expect(await ask("/rules/:id", "kim")).toMatchObject({ calls: 1, asked: ["/rules/:id"] });
      expect(await ask("/rules/:id", "kim", [], "POST")).toMatchObject({ calls: 1, asked: ["/rules/:id"] });
      expect(await ask("/rules/1", "kim", [], "POST")).toMatchObject({ calls: 1, asked: ["/rules/1"] });
    });

    it.each(["/rules/1/", "/RULES/1", "/rules/1;x", "/rules/1.json", "/rules/1%20", "/index.php/rules/1"])(
      "is sent for other spellings that a lenient upstream reads as its path, or these are refused: %s",
      async (target) => {
        const { status, asked, target: sent } = await ask(target, `spelt-${target.length}-${target.at(-1)}`);
        if (status === 200) expect([asked, sent]).toEqual([["/rules/:id"], target]);
        else expect(sent).toBeUndefined();
      },
    );

    it.each(["/rules/Admin", "/rules/ADMIN;x", "/rules/Admin/", "/rules/admin.json", "/rules/Admin/1"])(
      "is not chosen by spelling: what may be the administration is never decided on as any object: %s",
      async (target) => {
        const { status, target: sent } = await ask(target, "mallory");
        expect([400, 403]).toContain(status);
        expect(sent).toBeUndefined();
      },
    );

    it("is sent for what a lenient upstream may read as a public path, but the gateway does not", async () => {
      const token = "mallory-health";
      expect(await ask("/rules/health", token)).toMatchObject({ status: 200, calls: 0 });
      expect(await ask("/rules/Health", token)).toMatchObject({ status: 200, calls: 1, asked: ["/rules/:id"] });
    });

    it("cannot be set by a client", async () => {
      const headers = ["X-Forwarded-Uri: /rules/health", "X-Ebb-Rule: rule-0", "X-Original-Url: /rules/health"];
      expect(await ask("/rules/admin/2", "oscar", headers)).toMatchObject({ status: 403, asked: ["/rules/admin/*"] });
      expect(await ask("/rules/5", "oscar", headers)).toMatchObject({ status: 200, asked: ["/rules/:id"] });
    });
  });

  describe("a header outside the key", () => {
    const trace = (value: string) => [`Traceparent: ${value}`];

    it("is sent to the server, and splits neither cache", async () => {
      const first = await ask("/traced/1", "ann", trace("one"));
      expect(first).toMatchObject({ calls: 1, decided: "Bearer ann GET /traced/1 one" });
      for (const headers of [trace("two"), [], ["X-Request-Id: 7"], [...trace("a"), ...trace("b")]]) {
        expect(await ask("/traced/1", "ann", headers)).toMatchObject({ status: 200, calls: 0, decided: first.decided });
      }
    });

    it("leaves everything else in the key", async () => {
      await ask("/traced/2", "bob", trace("one"));
      const others: [target: string, token: string, headers: string[], method?: string][] = [
        ["/traced/3", "bob", trace("one")],
        ["/traced/2?a", "bob", trace("one")],
        ["/traced/2", "eve", trace("one")],
        ["/traced/2", "bob", [...trace("one"), "X-Tenant: t"]],
        ["/traced/2", "bob", ["X-Tenant: traceparent"]],
        ["/traced/2", "bob", trace("one"), "DELETE"],
      ];
      for (const [target, token, headers, method = "GET"] of others) {
        const { calls, decided } = await ask(target, token, headers, method);
        expect(calls).toBe(1);
        expect(decided).toContain(`Bearer ${token} ${method} ${target} `);
      }
    });

    it.each(["Traceparent", "accept,X-Request-ID", "*"])(
      "on which the reply depends by its Vary makes that reply one for this request only: %s",
      async (vary) => {
        const token = `vary=${vary}`;
        for (const value of ["one", "one", "two"]) {
          const { calls, decided } = await ask("/traced/1", token, trace(value));
          expect([calls, decided]).toEqual([1, `Bearer ${token} GET /traced/1 ${value}`]);
        }
        const values = Array.from({ length: 5 }, (_, n) => `at-once-${n}`);
        const before = upstream.requests.length;
        await Promise.all(values.map((value) => ask("/traced/2", token, trace(value))));
        const decided = upstream.requests.slice(before).map((request) => linesOf(request, "x-decided")[0]!);
        expect(decided.map((text) => text.split(" ").at(-1)).sort()).toEqual(values);
      },
    );

    it("may be any text, but not bytes that are none", async () => {
      expect((await ask("/traced/4", "ann", trace("\u00ff"))).status).toBe(400);
      expect((await ask("/traced/4", "ann", trace("x".repeat(70_000)))).status).toBeGreaterThanOrEqual(400);
      expect(await ask("/traced/4", "ann", trace("one"))).toMatchObject({ status: 200, calls: 1 });
      expect((await ask("/traced/4", "ann", trace("\u00ff"))).status).toBe(400);
    });

    it("goes on to the upstream as it was sent", async () => {
      await ask("/traced/5", "ann", trace("one"));
      await ask("/traced/5", "ann", trace("two"));
      expect(linesOf(upstream.requests.at(-1)!, "traceparent")).toEqual(["two"]);
    });
  });
});
