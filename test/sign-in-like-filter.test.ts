import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ForwardAuth } from "../config/index.ts";
import type { DecideRequest } from "../durable/rpc.ts";
import { signInCall } from "../durable/sign-in/sign-in-call.ts";
import { signInDecision } from "../durable/sign-in/sign-in-reply.ts";
import { configuration, forwardAuth, Harness, noReply, reply } from "../wasm/filter/testing/harness.ts";
import type { Decision, HeaderList, OutboundFailure, OutboundResult } from "../wasm/host/index.ts";

/** A request without a credential is asked about past the filter. The question and what is read in the reply are the filter's. */

const authorization: ForwardAuth = {
  protocol: "forward-auth",
  cluster: "auth",
  path: "/check",
  method: "GET",
  uri: "path-and-query",
  requestHeaders: ["cookie", "x-tenant", "x-forwarded-for", "x-ebb-scopes"],
  unkeyedHeaders: ["x-request-id"],
  upstreamHeaders: ["x-user", "x-role"],
  headers: { "x-key": "fixed" },
  enforcesScopes: true,
  withoutCredential: "ask",
  clientHeaders: [],
};

const sent: HeaderList = [
  ["cookie", "theme=dark; tenant=a"],
  ["x-tenant", "blue"],
  ["x-request-id", "7"],
  ["x-forwarded-host", "evil.example"],
  ["x-ebb-scopes", "all"],
  ["x-unasked", "1"],
];

const ask: DecideRequest = {
  configVersion: "c",
  service: "orders",
  serviceVersion: "s",
  method: "PUT",
  path: "/orders/1",
  query: "?x=%20y",
  host: "api.example.com",
  scheme: "https",
  headers: [...sent, ["accept", "text/html"], ["x-requested-with", "XMLHttpRequest"]].flat(),
  source: { address: "2001:db8::1" },
  endOfStream: true,
  doneInWorker: ["find", "found-none"],
};

function harness(): Harness {
  const asked = forwardAuth({
    requestHeaders: [...authorization.requestHeaders],
    unkeyedHeaders: ["x-request-id"],
    upstreamHeaders: [...authorization.upstreamHeaders],
    headers: { "x-key": "fixed" },
  });
  const rules = [{ name: "rule-0", scopes: ["a", "b"], permission: "orders.write" }];
  return new Harness(configuration({ protocol: asked, rules }));
}

describe("the question without a credential", () => {
  const requirements = { scopes: { allOf: ["a", "b"], anyOf: [] }, claims: [], permission: "orders.write" };
  const clusters = {
    auth: { url: "https://auth.example.com", authority: "auth.example.com", timeoutMs: 2_000, concurrency: 64 },
  };

  it("is the filter's without the credential, and with the address and what tells pages from scripts", async () => {
    const filter = harness();
    await filter.ask({ token: "abc", method: "PUT", path: "/orders/1?x=%20y", headers: sent, rule: "rule-0" });
    const ofFilter = filter.lastCall().headers.filter(([name]) => name !== "authorization");
    const { headers, attributes, timeoutMs } = signInCall({ clusters }, authorization, ask, requirements, {
      "x-key": "fixed",
    });
    const added = [
      ["x-forwarded-for", "2001:db8::1"],
      ["accept", "text/html"],
      ["x-requested-with", "XMLHttpRequest"],
    ];
    expect(headers.map(String).toSorted()).toEqual([...ofFilter, ...added].map(String).toSorted());
    expect([attributes?.["ebb.client_group"], timeoutMs]).toEqual(["2001:db8:0:0::/64", 2_000]);
  });

  it("names no address if the platform saw none, and has the whole URI whatever decisions are kept for", () => {
    const unknown = { ...ask, source: { address: "" } };
    for (const uri of ["none", "path", "rule"] as const) {
      const { headers } = signInCall({ clusters }, { ...authorization, uri }, unknown, undefined, {});
      expect(headers).toContainEqual(["x-forwarded-uri", "/orders/1?x=%20y"]);
      expect(headers.map(([name]) => name)).not.toContain("x-forwarded-for");
    }
  });

  it("says of a body that it does not show it, if the check of others would", () => {
    const partial = (requestBody: ForwardAuth["requestBody"], endOfStream: boolean) =>
      signInCall(
        { clusters },
        { ...authorization, requestBody },
        { ...ask, endOfStream },
        undefined,
        {},
      ).headers.filter(([name]) => name === "x-envoy-auth-partial-body");
    expect(partial({ maxBytes: 64 }, false)).toEqual([["x-envoy-auth-partial-body", "true"]]);
    expect(partial({ maxBytes: 64 }, true)).toEqual([]);
    expect(partial(undefined, false)).toEqual([]);
  });

  it("has a fixed header once, although clients send one of that name", () => {
    const { headers } = signInCall({ clusters }, authorization, ask, undefined, {
      accept: "text/html",
      cookie: "none",
    });
    expect(headers.filter(([name]) => name === "accept" || name === "cookie")).toEqual([
      ["accept", "text/html"],
      ["cookie", "none"],
    ]);
  });
});

describe("the reply without a credential", () => {
  const failures: readonly OutboundFailure[] = [
    ...(["reset", "timeout", "unreachable", "failing", "suspended", "overflow", "rate_limited", "rejected"] as const),
  ];
  const names = [
    "set-cookie",
    "location",
    "www-authenticate",
    "content-type",
    "retry-after",
    "cache-control",
    "x-user",
    "x-role",
  ];
  const values = fc.oneof(
    fc.constantFrom("", " a", "a\t", "a\u0085b", "ann", "Ann Ö", "a\ufffd", "7", "x".repeat(40), "no-store", "/login"),
    fc.string({ unit: "grapheme" }).filter((text) => !/[\r\n\0]/.test(text)),
  );
  const results: fc.Arbitrary<OutboundResult> = fc.oneof(
    fc.constantFrom(...failures).map(noReply),
    fc
      .tuple(
        fc.constantFrom(
          "200",
          "204",
          "299",
          "302",
          "303",
          "400",
          "401",
          "403",
          "404",
          "429",
          "500",
          "503",
          "599",
          "",
          "20",
          "700",
        ),
        // As `fetch` gives them: lines of one name are joined, but for cookies.
        fc
          .tuple(
            fc.uniqueArray(fc.tuple(fc.constantFrom(...names, "x-internal"), values), { selector: ([name]) => name }),
            fc.array(values, { maxLength: 3 }),
          )
          .map(([lines, cookies]) => [...lines, ...cookies.map((cookie) => ["set-cookie", cookie])]),
        fc.constantFrom("", "<p>sign in</p>", "x".repeat(65_536), "x".repeat(65_537)),
      )
      .map(([status, headers, body]) => reply(Number(status), headers as HeaderList, body)),
  );

  it("means what the filter reads in it, but no browser may keep it", async () => {
    await fc.assert(
      fc.asyncProperty(results, async (result) => {
        const filter = harness();
        filter.server = () => result;
        const byFilter = shown(
          await filter.ask({
            token: "abc",
            headers: [
              ["x-user", "root"],
              ["x-role", "root"],
            ],
          }),
        );
        const bySignIn = shown(signInDecision(result, authorization, "orders"));
        expect(bySignIn).toEqual(byFilter);
      }),
      { numRuns: 500 },
    );
  });

  /** Without what differs on purpose: who waited. */
  function shown(decision: Decision): unknown {
    switch (decision.kind) {
      case "continue":
        return decision.changes.map(({ name, values: of }) => [name, of]).toSorted();
      case "respond": {
        const { status, body, details, headers } = decision;
        return { status, details, body: new TextDecoder().decode(body), headers: headers.map(String).toSorted() };
      }
      default:
        return decision;
    }
  }
});
