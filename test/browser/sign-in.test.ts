import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendRequest } from "../security/raw-client.ts";
import { RawServer } from "../security/raw-server.ts";
import { type SecurityGateway, startGateway } from "../security/start-gateway.ts";
import { hasChromium, launchChromium } from "./chromium.ts";
import { SignInServer } from "./sign-in-server.ts";

/**
 * A person signs in with a browser: gateway on a bare workerd, forward-auth server, and a certified OpenID provider. Nothing but the
 * configuration tells the gateway that there are logins.
 */

const CLIENT = { clientId: "app", clientSecret: "a secret of the tests" };
const HOST = "localhost";

describe.skipIf(!hasChromium())("a person with a browser", () => {
  let browser: Browser;
  let server: SignInServer;
  let upstream: RawServer;
  let gateway: SecurityGateway;
  let oidc: Server;
  let issuer: string;
  let origin: string;

  beforeAll(async () => {
    let provider: ReturnType<Provider["callback"]> | undefined;
    oidc = createServer((request, response) => provider!(request, response));
    await new Promise<void>((resolve) => oidc.listen(0, "127.0.0.1", resolve));
    issuer = `http://127.0.0.1:${(oidc.address() as AddressInfo).port}`;
    [browser, server] = await Promise.all([launchChromium(), SignInServer.start()]);
    upstream = await RawServer.start(({ target, headers }) => {
      const user = headers.find(([name]) => name.toLowerCase() === "x-user")?.[1] ?? "nobody";
      return {
        headers: [
          ["content-type", "text/html"],
          ["cache-control", "no-store"],
        ],
        body: `<!doctype html><title>app</title><p id=user>${user}</p><p id=target>${encodeURIComponent(target)}</p>`,
      };
    });
    const check = {
      protocol: "forward-auth",
      cluster: "auth",
      path: "/check",
      withoutCredential: "ask",
      requestHeaders: ["cookie", "accept", "x-requested-with"],
      upstreamHeaders: ["x-user"],
      clientHeaders: ["set-cookie"],
    } as const;
    const common = {
      clusters: { auth: { url: server.origin } },
      credentials: [{ from: "cookie", name: "session" }],
      authorization: check,
      cache: { maxTtlMs: 600_000, denyTtlMs: 0 },
    } as const;
    gateway = await startGateway({
      services: {
        app: {
          ...common,
          route: { hosts: [HOST], prefix: "/app" },
          upstream: { url: upstream.origin },
          rules: [{ path: "/app/bye", public: true }],
        },
        // Pages of the sign-in server, as `/oauth2` of oauth2-proxy.
        login: {
          ...common,
          route: { hosts: [HOST], prefix: "/auth" },
          upstream: { url: server.origin },
          rules: [{ path: "/auth/*", public: true }],
        },
      },
    });
    origin = `http://${HOST}:${gateway.port}`;
    server.publicOrigin = origin;
    server.provider = { issuer, ...CLIENT };
    provider = await providerOf(issuer, origin);
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
    await upstream?.stop();
    server?.stop();
    oidc?.closeAllConnections();
    oidc?.close();
  });

  async function visitor(): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    return { context, page };
  }

  async function signIn(page: Page, name: string): Promise<void> {
    await page.locator("input[name=login]").fill(name);
    await page.locator("input[name=password]").fill("any");
    await page.locator("button[type=submit]").click();
    // Consent.
    await page.locator("button[type=submit]").click();
    await page.locator("#user").waitFor();
  }

  const sessionOf = async (context: BrowserContext) =>
    (await context.cookies(origin)).find(({ name }) => name === "session")?.value;
  const shown = async (page: Page) => ({
    url: page.url(),
    user: await page.locator("#user").textContent(),
    target: decodeURIComponent((await page.locator("#target").textContent()) ?? ""),
  });

  it("is led to the login, and back to the page that it asked for", async () => {
    const { context, page } = await visitor();
    const target = "/app/reports/5?month=%C3%BC&next=//evil.example&a=b+c";
    await page.goto(origin + target);
    expect(new URL(page.url()).origin).toBe(issuer);
    expect(await sessionOf(context)).toBeUndefined();
    await signIn(page, "ann");
    expect(await shown(page)).toEqual({ url: origin + target, user: "ann", target });
    await context.close();
  });

  it("once signed in is asked about once for each page, and a renewed session reaches the browser", async () => {
    const { context, page } = await visitor();
    await page.goto(`${origin}/app/1`);
    await signIn(page, "bob");
    const checked = () => server.checks.filter(({ uri }) => uri === "/app/1").length;
    const [first, before] = [await sessionOf(context), checked()];
    await page.goto(`${origin}/app/1`);
    await page.goto(`${origin}/app/1`);
    expect([await sessionOf(context), checked()]).toEqual([first, before]);

    server.renewAfterMs = 0;
    await page.goto(`${origin}/app/2`);
    server.renewAfterMs = Number.POSITIVE_INFINITY;
    const second = await sessionOf(context);
    expect(second).toMatch(/./);
    expect(second).not.toBe(first);
    await page.goto(`${origin}/app/3`);
    expect(await shown(page)).toMatchObject({ user: "bob", url: `${origin}/app/3` });
    expect(await sessionOf(context)).toBe(second);
    await context.close();
  });

  it("whose session has ended comes back to the page, and its scripts get 401 instead of a login", async () => {
    const { context, page } = await visitor();
    server.sessionMs = 400;
    await page.goto(`${origin}/app/4`);
    await signIn(page, "cid");
    server.sessionMs = 60 * 60_000;
    await new Promise((resolve) => setTimeout(resolve, 450));
    const ended = await sessionOf(context);
    const asScript = () => page.evaluate(async () => (await fetch("/app/data", { redirect: "manual" })).status);
    expect(await asScript()).toBe(401);
    await page.goto(`${origin}/app/5?q=1`);
    await page.locator("#user").waitFor();
    expect(await shown(page)).toEqual({ url: `${origin}/app/5?q=1`, user: "cid", target: "/app/5?q=1" });
    expect(await sessionOf(context)).not.toBe(ended);
    expect(await asScript()).toBe(200);
    await context.close();
  });

  it("that signs out is led to the login again, and its scripts get 401", async () => {
    const { context, page } = await visitor();
    await page.goto(`${origin}/app/6`);
    await signIn(page, "dan");
    await page.goto(`${origin}/auth/sign_out`);
    await page.locator("button[name=logout]").click();
    await page.waitForURL(`${origin}/app/bye*`);
    expect([await sessionOf(context), (await shown(page)).user]).toEqual([undefined, "nobody"]);
    const status = await page.evaluate(async () => (await fetch("/app/6", { redirect: "manual" })).status);
    expect(status).toBe(401);
    await page.goto(`${origin}/app/6`);
    await page.locator("input[name=login]").waitFor();
    expect(new URL(page.url()).origin).toBe(issuer);
    await context.close();
  });

  it("with a forged return address ends nowhere but in the application", async () => {
    const { context, page } = await visitor();
    await page.goto(`${origin}/app/7`);
    await signIn(page, "eve");
    const forged = [
      ...["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"],
      ...[`${origin}.evil.example/`, `http://${HOST}@evil.example/`, "\t//evil.example"],
    ];
    for (const address of forged) {
      await page.goto(`${origin}/auth/start?rd=${encodeURIComponent(address)}`);
      await page.locator("#user").waitFor();
      expect({ address, url: page.url() }).toEqual({ address, url: `${origin}/app/` });
    }
    await context.close();
  });

  it("cannot be sent elsewhere by what another client sends in its name", async () => {
    const hostile = [
      ...["X-Forwarded-Host: evil.example", "X-Forwarded-Uri: //evil.example/x", "X-Forwarded-Proto: https"],
      ...[
        "X-Forwarded-Method: POST",
        "X-Original-Url: https://evil.example/",
        "X-Auth-Request-Redirect: https://evil.example/",
      ],
      ...["Forwarded: host=evil.example;proto=https", "X_Forwarded_Host: evil.example", "X-Rewrite-Url: /evil"],
    ];
    const ask = async (target: string, host = `${HOST}:${gateway.port}`) => {
      const reply = await sendRequest(gateway.port, {
        target,
        headers: [`Host: ${host}`, "Accept: text/html", ...hostile],
      });
      return { status: reply.status, location: reply.headers.find(([name]) => name.toLowerCase() === "location")?.[1] };
    };
    const start = `${origin}/auth/start?rd=`;
    expect(await ask("/app/8?a=b")).toEqual({
      status: 302,
      location: start + encodeURIComponent(`${origin}/app/8?a=b`),
    });
    // Spellings of a path that a browser would read as another host.
    for (const target of ["//evil.example/app", "/app//evil.example", "/\\evil.example", "/app/..//evil.example"]) {
      expect(await ask(target)).toEqual({ status: expect.toBeOneOf([400, 404]), location: undefined });
    }
    expect(await ask("/app/8", "evil.example")).toEqual({ status: 404, location: undefined });
  });

  it("gets no session from a login that it has not begun", async () => {
    const { context, page } = await visitor();
    const response = await page.goto(`${origin}/auth/callback?code=stolen&state=guessed`);
    expect([response?.status(), await sessionOf(context)]).toEqual([403, undefined]);
    await context.addCookies([{ name: "session", value: "forged.signature", url: origin }]);
    await page.goto(`${origin}/app/9`);
    expect(new URL(page.url()).origin).toBe(issuer);
    await context.close();
  });
});

async function providerOf(issuer: string, origin: string): Promise<ReturnType<Provider["callback"]>> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "one", alg: "RS256", use: "sig" }] },
    cookies: { keys: ["a key of the tests"] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    features: {
      rpInitiatedLogout: {
        logoutSource: (ctx, form) => {
          ctx.body = `<!doctype html>${form}<button name=logout form=op.logoutForm value=yes>Sign out</button>`;
        },
      },
    },
    clients: [
      {
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        redirect_uris: [`${origin}/auth/callback`],
        post_logout_redirect_uris: [`${origin}/app/bye`],
      },
    ],
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  }).callback();
}
