import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SecurityGateway, startGateway } from "../security/start-gateway.ts";
import { hasChromium, launchChromium } from "./chromium.ts";

/**
 * What a browser makes of the gateway's CORS headers. All pages are on one host, on ports of their own: other origins, but the same
 * site, so that its cookies are sent.
 */

/** What a page sees of a response; or that the browser keeps it from the page. */
type Seen =
  | { readonly status: number; readonly body: string; readonly headers: Readonly<Record<string, string>> }
  | "hidden";

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly credentials?: "include" | "omit";
  readonly redirect?: "manual";
}

describe.skipIf(!hasChromium())("in Chromium, a page", () => {
  const servers: Server[] = [];
  /** Method and path of each request to the upstream. */
  const served: string[] = [];
  let checks = 0;
  let gateway: SecurityGateway;
  let browser: Browser;
  let api: string;
  let listed: string;
  let strange: string;

  async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  beforeAll(async () => {
    const page = (_: IncomingMessage, response: ServerResponse) =>
      response.setHeader("content-type", "text/html").end("<!doctype html><title>a page</title>");
    listed = `http://localhost:${await serve(page)}`;
    strange = `http://localhost:${await serve(page)}`;
    const upstream = await serve((request, response) => {
      served.push(`${request.method} ${request.url}`);
      // As an API that cares for its own responses.
      response.setHeader("access-control-allow-origin", listed).setHeader("access-control-allow-credentials", "true");
      response.end("served");
    });
    const authorization = await serve(({ headers }, response) => {
      checks += 1;
      const isKnown = headers.authorization === "Bearer good" || headers.cookie === "session=good";
      const isBusy = headers.authorization === "Bearer busy";
      response.writeHead(isKnown ? 200 : isBusy ? 429 : 403, isBusy ? { "retry-after": "7" } : {}).end();
    });
    const service = (name: string, origins: string | string[], credentials: boolean) => ({
      route: { prefix: `/${name}` },
      upstream: { url: `http://127.0.0.1:${upstream}` },
      clusters: { auth: { url: `http://127.0.0.1:${authorization}` } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" } as const,
      credentials: [
        { from: "authorization", schemes: ["Bearer"] },
        { from: "cookie", name: "session" },
      ] as const,
      cache: { denyTtlMs: 0 },
      cors: { origins, credentials, methods: ["GET", "PUT"], headers: ["authorization", "content-type"] },
      resource: { authorizationServers: ["https://login.example"] },
    });
    const login = await serve((_, response) => response.end("the login page"));
    const signIn = await serve(({ headers }, response) => {
      if (headers["x-requested-with"] !== undefined) response.writeHead(401).end();
      else response.writeHead(302, { location: `http://localhost:${login}/?state=1`, "set-cookie": "state=1" }).end();
    });
    const asking = {
      ...service("asking", [listed], true),
      clusters: { auth: { url: `http://127.0.0.1:${signIn}` } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", withoutCredential: "ask" } as const,
      cors: { origins: [listed], credentials: true, headers: ["x-requested-with"] },
    };
    gateway = await startGateway({
      services: { orders: service("orders", [listed], true), open: service("open", "*", false), asking },
    });
    api = `http://localhost:${gateway.port}`;
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function pageOf(origin: string, session?: string): Promise<Page> {
    const context = await browser.newContext();
    if (session !== undefined) await context.addCookies([{ name: "session", value: session, url: api }]);
    const page = await context.newPage();
    await page.goto(origin);
    return page;
  }

  /** Runs in the page. */
  async function fetched([url, init]: [string, Asked]): Promise<Seen> {
    try {
      const response = await fetch(url, init);
      return {
        status: response.status,
        body: await response.text(),
        headers: Object.fromEntries(response.headers),
      };
    } catch {
      return "hidden";
    }
  }

  const ask = (page: Page, path: string, init: Asked = {}) =>
    page.evaluate(fetched, [`${api}${path}`, init] as [string, Asked]);

  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

  it("of a listed origin reads why it is refused, with credentials and without", async () => {
    const page = await pageOf(listed);
    for (const credentials of ["include", "omit"] as const) {
      expect(await ask(page, "/orders/1", { credentials })).toMatchObject({
        status: 401,
        body: '{"error":"missing_credential"}',
        headers: {
          "x-ebb-reason": "missing_credential",
          "www-authenticate": `Bearer realm="orders", resource_metadata="${api}/.well-known/oauth-protected-resource/orders"`,
        },
      });
    }
    expect(await ask(page, "/orders/1", bearer("bad"))).toMatchObject({ status: 403 });
    expect(await ask(page, "/orders/1", bearer("busy"))).toMatchObject({
      status: 429,
      headers: { "retry-after": "7" },
    });
    expect(await ask(page, "/orders//1")).toMatchObject({ status: 400 });
  });

  it("of a listed origin calls the API, with a token after a preflight, and with its cookie", async () => {
    const page = await pageOf(listed, "good");
    const put = { method: "PUT", ...bearer("good") };
    expect(await ask(page, "/orders/2", put)).toMatchObject({ status: 200, body: "served" });
    expect(await ask(page, "/orders/3", { credentials: "include" })).toMatchObject({ status: 200, body: "served" });
    expect(await ask(page, "/orders/4", { credentials: "omit" })).toMatchObject({ status: 401 });
  });

  it("of a listed origin does not see where a redirect to a login leads, but a 401 for scripts", async () => {
    const page = await pageOf(listed);
    expect(await ask(page, "/asking/1", { credentials: "include" })).toBe("hidden");
    const manual = { credentials: "include", redirect: "manual" } as const;
    expect(await ask(page, "/asking/1", manual)).toEqual({ status: 0, body: "", headers: {} });
    const script = { headers: { "x-requested-with": "fetch" } };
    const seen = await ask(page, "/asking/1", { credentials: "include", ...script });
    expect(seen).toMatchObject({ status: 401, headers: { "x-ebb-reason": "denied" } });
    expect(seen).toMatchObject({ headers: { "www-authenticate": expect.stringContaining("resource_metadata=") } });
    expect(seen).not.toHaveProperty("headers.set-cookie");
    expect(await ask(await pageOf(strange), "/asking/1", { credentials: "include", ...script })).toBe("hidden");
  });

  it("of another origin sees nothing, and what needs a preflight is not even sent", async () => {
    const page = await pageOf(strange, "good");
    const before = [served.length, checks];
    expect(await ask(page, "/orders/5", { method: "PUT", ...bearer("good") })).toBe("hidden");
    expect(await ask(page, "/orders/5", { method: "PUT", credentials: "include" })).toBe("hidden");
    expect([served.length, checks]).toEqual(before);
    // What needs none is sent, as a form would be; the page does not see the answer.
    expect(await ask(page, "/orders/6", { credentials: "include" })).toBe("hidden");
    expect(await ask(page, "/orders/6", { credentials: "omit" })).toBe("hidden");
  });

  it("in a sandboxed frame, whose origin is null, sees nothing, unless all origins may", async () => {
    const page = await pageOf(listed);
    await page.setContent('<iframe sandbox="allow-scripts" srcdoc="a frame"></iframe>');
    const frame = page.frames()[1]!;
    expect(await frame.evaluate(() => origin)).toBe("null");
    const inFrame = (path: string, init: Asked) => frame.evaluate(fetched, [`${api}${path}`, init] as [string, Asked]);
    expect(await inFrame("/orders/1", {})).toBe("hidden");
    expect(await inFrame("/orders/1", bearer("good"))).toBe("hidden");
    expect(await inFrame("/open/1", bearer("bad"))).toMatchObject({ status: 403 });
  });

  it("may use the listed methods and headers only", async () => {
    const page = await pageOf(listed);
    const before = served.length;
    expect(await ask(page, "/orders/7", { method: "DELETE", ...bearer("good") })).toBe("hidden");
    const headers = { ...bearer("good").headers, "x-admin": "1" };
    expect(await ask(page, "/orders/7", { headers })).toBe("hidden");
    expect(served.length).toBe(before);
  });

  it("of any origin reads a refusal where all may, but never with credentials", async () => {
    const page = await pageOf(strange, "good");
    expect(await ask(page, "/open/1", bearer("bad"))).toMatchObject({ status: 403 });
    expect(await ask(page, "/open/1")).toMatchObject({ status: 401 });
    expect(await ask(page, "/open/1", { credentials: "include" })).toBe("hidden");
  });

  it("of any origin reads the metadata of a service, with headers of its own", async () => {
    const page = await pageOf(strange);
    const path = "/.well-known/oauth-protected-resource/orders";
    const seen = await ask(page, path, { headers: { "mcp-protocol-version": "2025-11-25" } });
    expect(seen).toMatchObject({ status: 200, body: expect.stringContaining(`"resource":"${api}/orders"`) });
  });
});
