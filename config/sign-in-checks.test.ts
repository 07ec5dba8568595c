import { describe, expect, it } from "vitest";
import { asksWithoutCredential } from "./authorization-parts.ts";
import { builtInService, gatewayOf, problemsOf, serviceOf } from "./testing/inputs.ts";
import { warningsOf } from "./warnings.ts";
import { workerTasks } from "./worker-tasks.ts";

const COOKIE = { credentials: [{ from: "cookie", name: "session" }] };
const service = (authorization: object, fields: object = COOKIE) =>
  builtInService({
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", ...authorization },
    ...fields,
  });
const problems = (authorization: object) => problemsOf({ services: { orders: service(authorization) } });

describe("withoutCredential", () => {
  it("is off by default, and with it the Worker looks for the credential", () => {
    for (const [withoutCredential, isRead] of [
      [undefined, false],
      ["refuse", false],
      ["ask", true],
    ] as const) {
      const { filterKind } = serviceOf(service(withoutCredential === undefined ? {} : { withoutCredential }));
      if (filterKind.kind !== "built-in") throw new Error("not the built-in filter");
      expect([filterKind.isReadInWorker, asksWithoutCredential(filterKind.authorization)]).toEqual([isRead, isRead]);
      // The filter knows the place: a Worker of the other setting may ask.
      expect(workerTasks(filterKind)).toEqual([]);
    }
  });

  it("relies on the Worker for places that the filter does not know", () => {
    const inQuery = { credentials: [{ from: "query", name: "key" }] };
    const { filterKind } = serviceOf(service({ withoutCredential: "ask" }, inQuery));
    expect(workerTasks(filterKind)).toEqual(["find"]);
  });

  it("changes the service's version, so that no decision or object of the other setting counts", () => {
    const versions = ["refuse", "ask"].map((withoutCredential) => serviceOf(service({ withoutCredential })).version);
    expect(new Set(versions).size).toBe(2);
  });

  it.each([true, "always", null])("is a word: not %j", (withoutCredential) => {
    expect(problems({ withoutCredential })).toEqual([expect.stringMatching(/allowed: "refuse" or "ask"/)]);
  });

  it("cannot stand in for a token that the gateway verifies", () => {
    const verify = { issuers: [{ issuer: "https://login.example", audience: "api" }] };
    expect(problems({ withoutCredential: "ask", verify })).toEqual([
      expect.stringMatching(
        /authorization\.withoutCredential: found "ask" beside verify; allowed: "refuse", or no verify/,
      ),
    ]);
  });

  it("is only for forward-auth: no other server can send a client to a login", () => {
    const opa = { protocol: "opa", withoutCredential: "ask" };
    expect(problems(opa)).toEqual([expect.stringMatching(/withoutCredential: found an unknown field/)]);
  });

  it("without a cookie among the credentials has a warning: a browser sends nothing else by itself", () => {
    const warnings = (fields: object) =>
      warningsOf(gatewayOf({ orders: service({ withoutCredential: "ask" }, fields) }));
    expect(warnings({})).toEqual([expect.stringMatching(/^services\.orders\.authorization\.withoutCredential: /)]);
    expect(warnings(COOKIE)).toEqual([]);
  });
});

describe("clientHeaders", () => {
  it("are names in lower case", () => {
    const { filterKind } = serviceOf(service({ clientHeaders: ["Set-Cookie", "X-Session-Ends"] }));
    expect(filterKind).toMatchObject({ authorization: { clientHeaders: ["set-cookie", "x-session-ends"] } });
  });

  it.each([
    ...["Connection", "transfer-encoding", "Content-Length", "content-type", "Content-Encoding", "Location", "Vary"],
    ...["X-Ebb-Reason", "cf-ray", "Sec-WebSocket-Accept", "Access-Control-Allow-Origin", "etag", "upgrade"],
    ...["CDN-Cache-Control", "cloudflare-cdn-cache-control", "Surrogate-Control"],
  ])("cannot be %s, which is not the server's to set", (name) => {
    expect(problems({ clientHeaders: [name] })).toEqual([
      expect.stringMatching(/authorization\.clientHeaders\[0\]: found .+; allowed: another header, because /),
    ]);
  });

  it.each([["set cookie"], ["set_cookie"], [""], [":status"], ["x\r\ny"], [7]])("cannot be %j", (name) => {
    expect(problems({ clientHeaders: [name] })).toHaveLength(1);
  });

  it("are each there once", () => {
    expect(problems({ clientHeaders: ["set-cookie", "Set-Cookie"] })).toEqual([
      expect.stringMatching(/each header once/),
    ]);
  });

  it("may be named under OPA too, by the same rules, and under no other protocol", () => {
    const opa = { protocol: "opa", path: "/v1/data/http" };
    const { filterKind } = serviceOf(service({ ...opa, clientHeaders: ["Set-Cookie"] }));
    expect(filterKind).toMatchObject({ authorization: { clientHeaders: ["set-cookie"] } });
    for (const name of ["location", "content-length", "access-control-allow-origin", "x\r\ny"]) {
      expect(problems({ ...opa, clientHeaders: [name] })).toHaveLength(1);
    }
    expect(problems({ protocol: "authzen", path: "/", clientHeaders: ["set-cookie"] })).toEqual([
      expect.stringMatching(/clientHeaders: found an unknown field/),
    ]);
  });
});
