import { describe, expect, it } from "vitest";
import { ask, checksOf, pass, statsOf } from "../test/workerd/client.ts";

interface Echo {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

describe("a request that may pass", () => {
  it("reaches the upstream with the identity the authorization server gave", async () => {
    const response = await ask("/orders/1?x=1", "allow-ann");
    expect(response.status).toBe(200);
    const echo = await response.json<Echo>();
    expect(echo.headers["x-user"]).toBe("ann");
    expect(new URL(echo.url).pathname + new URL(echo.url).search).toBe("/orders/1?x=1");
  });

  it("bypasses shared caches and reaches the upstream with its own headers untouched", async () => {
    const headers = { accept: "application/json", "cache-control": "max-age=0", "x-trace": "1" };
    const { headers: seen } = await (await ask("/orders/1", "allow-ann", { headers })).json<Echo>();
    expect(seen).toMatchObject(headers);
  });

  it("streams its body to the upstream with its method", async () => {
    const response = await ask("/orders", "allow-ann", { method: "POST", body: "one order" });
    expect(await response.json<Echo>()).toMatchObject({ method: "POST", body: "one order" });
  });

  it("keeps its prefix unless the service strips it", async () => {
    const paths = ["/stripped/a/b?c", "/stripped", "/stripped/"];
    const seen = await Promise.all(
      paths.map(async (path) => {
        const { url } = await (await ask(path, "allow-ann")).json<Echo>();
        return new URL(url).pathname + new URL(url).search;
      }),
    );
    expect(seen).toEqual(["/a/b?c", "/", "/"]);
  });

  it("gets the upstream's redirect unchanged", async () => {
    const response = await ask("/orders/redirect", "allow-ann");
    expect([response.status, response.headers.get("location")]).toEqual([302, "https://elsewhere.example/"]);
  });

  it("may upgrade to a WebSocket", async () => {
    const response = await ask("/orders/live", "allow-ann", { headers: { upgrade: "websocket" } });
    expect(response.status).toBe(101);
    const socket = response.webSocket!;
    socket.accept();
    const reply = new Promise((resolve) => socket.addEventListener("message", ({ data }) => resolve(data)));
    socket.send("hello");
    expect(await reply).toBe("echo hello");
    socket.close();
  });
});

describe("a request that may not pass", () => {
  it("without a credential gets the filter's 401", async () => {
    const response = await ask("/orders/1");
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(response.headers.get("x-ebb-reason")).toBe("missing_credential");
  });

  it("gets the authorization server's refusal", async () => {
    expect((await ask("/orders/1", "deny-bob")).status).toBe(403);
    expect((await ask("/orders/1", "unknown")).status).toBe(401);
  });

  it("gets the authorization server's redirect with every cookie", async () => {
    const response = await ask("/orders/1", "redirect-x");
    expect([response.status, response.headers.get("location")]).toEqual([302, "https://login.example/"]);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  it("cannot upgrade to a WebSocket", async () => {
    const response = await ask("/orders/live", "deny-bob", { headers: { upgrade: "websocket" } });
    expect([response.status, response.webSocket ?? null]).toEqual([403, null]);
  });

  it("finds no service if its path only begins with the same letters as a prefix", async () => {
    expect((await ask("/ordersX", "allow-ann")).status).toBe(404);
  });

  it("is refused if no rule matches it and the service denies unmatched paths", async () => {
    expect((await ask("/listed/open", "allow-ann")).status).toBe(200);
    const response = await ask("/listed/other", "allow-ann");
    expect([response.status, response.headers.get("x-ebb-reason")]).toEqual([403, "no_rule"]);
  });
});

describe("identity headers", () => {
  it("from a client never reach the upstream, in any spelling", async () => {
    const headers = { "X-User": "root", X_User: "root", "x-profile": "admin", connection: "close, x-tenant" };
    const { headers: seen } = await (await ask("/orders/1", "allow-ann", { headers })).json<Echo>();
    expect(seen["x-user"]).toBe("ann");
    expect([seen.x_user, seen["x-profile"]]).toEqual([undefined, undefined]);
  });

  it("from a client do not reach the upstream on a public path either", async () => {
    const { headers } = await (await ask("/orders/health", undefined, { headers: { "x-user": "root" } })).json<Echo>();
    expect(headers["x-user"]).toBeUndefined();
  });
});

describe("preflights", () => {
  const preflight = {
    method: "OPTIONS",
    headers: { origin: "https://app.example", "access-control-request-method": "PUT" },
  };

  it("pass to the upstream if the service is configured so", async () => {
    const response = await ask("/orders/1", undefined, preflight);
    expect(await response.json<Echo>()).toMatchObject({ method: "OPTIONS" });
  });

  it("reach the upstream without a credential or a body", async () => {
    const headers = { ...preflight.headers, cookie: "session=1" };
    const echo = await (await ask("/orders/1", "allow-ann", { ...preflight, headers })).json<Echo>();
    expect([echo.headers.authorization, echo.headers.cookie]).toEqual([undefined, undefined]);
    expect((await ask("/orders/1", undefined, { ...preflight, body: "a body" })).status).toBe(401);
  });

  it("get the gateway's answer if the service is configured so", async () => {
    const response = await ask("/answering", undefined, preflight);
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(response.headers.get("access-control-allow-credentials")).toBe("true");
  });

  it("from another origin get no permission", async () => {
    const headers = { ...preflight.headers, origin: "https://evil.example" };
    const response = await ask("/answering", undefined, { ...preflight, headers });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([403, null]);
  });

  it("are handled like any other request by default", async () => {
    expect((await ask("/stripped", undefined, preflight)).status).toBe(401);
  });

  it("need a credential if they are plain OPTIONS requests", async () => {
    expect((await ask("/orders/1", undefined, { method: "OPTIONS" })).status).toBe(401);
  });
});

describe("an authorization server that fails", () => {
  it.each([
    ["answers 500", "error-1", "authorization_server_error"],
    ["answers 502", "gone-1", "authorization_server_error"],
    ["does not answer in time", "hang-1", "authorization_server_timeout"],
    ["never ends its answer", "endless-1", "authorization_server_error"],
  ])("and %s leads to 503", async (_, token, reason) => {
    const response = await ask("/orders/1", token);
    expect([response.status, response.headers.get("x-ebb-reason")]).toEqual([503, reason]);
  });

  it("for one client's requests only lets no one pass undecided", async () => {
    for (let n = 0; n < 10; n += 1) {
      pass(1_000);
      expect((await ask("/fail-open", `gone-alone-${n}`)).status).toBe(503);
      expect((await ask("/fail-open", `allow-other-${n}`)).status).toBe(200);
    }
  });

  it("is not confused with a missing service binding", async () => {
    const response = await ask("/unbound", "allow-ann");
    expect([response.status, response.headers.get("x-ebb-reason")]).toEqual([503, "authorization_server_unknown"]);
  });

  it("is asked again on the next request", async () => {
    await ask("/orders/1", "error-again");
    await ask("/orders/1", "error-again");
    expect(await checksOf("error-again")).toBe(2);
  });
});

describe("the operator's pages", () => {
  it("need the operator token", async () => {
    expect((await ask("/stats")).status).toBe(401);
    expect((await ask("/stats", "wrong")).status).toBe(401);
    expect((await ask("/stats", "", { headers: { host: "localhost" } })).status).toBe(401);
    expect((await ask("/stats", "operator-token-of-tests")).status).toBe(200);
  });

  it("refuse other methods and paths", async () => {
    expect((await ask("/stats", "operator-token-of-tests", { method: "POST" })).status).toBe(405);
    expect((await ask("/stats/other", "operator-token-of-tests")).status).toBe(404);
    expect((await ask("/statsX", "operator-token-of-tests")).status).toBe(404);
  });

  it("show an unused service without starting its filter", async () => {
    const stats = await statsOf("answering");
    expect(stats).toMatchObject({ requests: 0, allocatedBytes: 0, generation: 0, startReason: null });
  });
});
