import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COOKIE, OPERATOR_HOST, PROTO_HEADER } from "../security/operator-browser.ts";
import { type SecurityGateway, startGateway } from "../security/start-gateway.ts";
import { hasChromium, launchChromium, openPage } from "./chromium.ts";
import { hasOpenssl, startTlsFront, type TlsFront } from "./tls-front.ts";

/** Signing in with a real browser over real TLS: what it keeps, and what it sends to whom. */

const TOKEN = "token-of-the-tests/+=";
const PAGE = `https://${OPERATOR_HOST}/stats`;
/** Of the same site as the operator's host, so that a cookie with SameSite=Strict is sent from here too. */
const SERVICE_HOST = "api.example.com";

describe.skipIf(!hasChromium() || !hasOpenssl())("with a browser", () => {
  let browser: Browser;
  let gateway: SecurityGateway;
  let front: TlsFront;
  const upstream = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>x"));

  beforeAll(async () => {
    upstream.listen(0, "127.0.0.1");
    await new Promise((resolve) => upstream.once("listening", resolve));
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const site = {
      route: { prefix: "/" },
      upstream: { url },
      clusters: { auth: { url } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
      rules: [{ path: "/public/*", public: true }],
    } as const;
    const text = { EBB_DEV: "", OPERATOR_TOKEN: TOKEN };
    const configuration = { operator: { host: OPERATOR_HOST }, services: { site } };
    gateway = await startGateway(configuration, { text, protoHeader: PROTO_HEADER });
    front = await startTlsFront(gateway.port, PROTO_HEADER);
    browser = await launchChromium({ [OPERATOR_HOST]: front.port, [SERVICE_HOST]: front.port });
  });
  afterAll(async () => {
    await browser?.close();
    front?.stop();
    await gateway?.stop();
    upstream.close();
  });

  async function opened(url: string, options: BrowserContextOptions = {}) {
    const watched = await openPage(browser, `https://${OPERATOR_HOST}`, { ignoreHTTPSErrors: true, ...options });
    const response = await watched.page.goto(url);
    return { ...watched, status: response!.status() };
  }

  async function signIn(page: Page, token = TOKEN): Promise<void> {
    await page.getByLabel("Operator token").fill(token);
    await page.keyboard.press("Enter");
  }

  /** The browser itself writes a line for each response that is an error. */
  const others = (problems: readonly string[]) => problems.filter((problem) => !problem.includes("status of 401"));

  async function directoryKnows(): Promise<boolean> {
    const headers = { authorization: `Bearer ${TOKEN}` };
    return (await (await fetch(`http://127.0.0.1:${gateway.port}/stats`, { headers })).text()).includes(
      "allocatedBytes",
    );
  }

  it("a wrong token opens nothing and says so; the right one opens the page that was asked for", async () => {
    const { page, problems, status } = await opened(`${PAGE}?service=site&window=1h`);
    expect(status).toBe(401);
    expect(await page.getByRole("heading").allTextContents()).toEqual(["Sign in"]);
    expect(await page.content()).not.toContain("site</h1>");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("token");
    await signIn(page, "a-token-of-somebody-else");
    await page.getByText("This token does not open the page.").waitFor();
    expect(await page.context().cookies()).toEqual([]);
    await signIn(page);
    await page.getByRole("heading", { name: "site", exact: true }).waitFor();
    expect(page.url()).toBe(`${PAGE}?service=site&window=1h`);
    expect(others(problems)).toEqual([]);
    await page.context().close();
  });

  it("the browser keeps a cookie for this host only, for an hour, out of reach of scripts, and not the token", async () => {
    const { page } = await opened(PAGE);
    await signIn(page);
    await page.getByRole("heading", { name: "All services" }).waitFor();
    const [cookie, ...more] = await page.context().cookies();
    const isAsMeant = { name: COOKIE, domain: OPERATOR_HOST, path: "/", httpOnly: true, secure: true };
    expect(cookie).toMatchObject({ ...isAsMeant, sameSite: "Strict" });
    expect(more).toEqual([]);
    expect(Math.abs(cookie!.expires - Date.now() / 1_000 - 3_600)).toBeLessThan(60);
    expect(decodeURIComponent(cookie!.value)).not.toContain(TOKEN);
    const seen = await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]);
    expect(seen).toEqual(["", 0, 0]);
    expect(front.passed.filter(({ url }) => url.includes("token"))).toEqual([]);
    await page.context().close();
  });

  it("signing out ends the session, and going back shows no figures", async () => {
    const { page } = await opened(PAGE);
    await signIn(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await page.context().cookies()).toEqual([]);
    await page.goBack();
    await page.goto(PAGE);
    expect(await page.getByRole("heading").allTextContents()).toEqual(["Sign in"]);
    await page.context().close();
  });

  it("signs in without scripts too", async () => {
    const { page } = await opened(PAGE, { javaScriptEnabled: false });
    await signIn(page);
    await page.getByRole("heading", { name: "All services" }).waitFor();
    await page.getByRole("link", { name: "site" }).click();
    await page.getByRole("heading", { name: "site", exact: true }).waitFor();
    await page.context().close();
  });

  it("a service's host has no form, and leads to the operator's host", async () => {
    const { page, status } = await opened(`https://${SERVICE_HOST}/stats`);
    expect(status).toBe(401);
    expect(await page.getByRole("heading").textContent()).toBe("You cannot sign in on this host");
    expect(await page.locator("form, input").count()).toBe(0);
    expect(await page.getByRole("link", { name: `Open ${OPERATOR_HOST}` }).getAttribute("href")).toBe(PAGE);
    const answer = await page.evaluate(async (token) => {
      const body = new URLSearchParams({ token });
      const response = await fetch("/stats/sign-in", { method: "POST", body, redirect: "manual" });
      return [response.type, response.status];
    }, TOKEN);
    expect(answer).toEqual(["basic", 403]);
    expect(await page.context().cookies()).toEqual([]);
    // A link from another host shows nothing, even of this site; the operator's own page leads on.
    await page.getByRole("link", { name: `Open ${OPERATOR_HOST}` }).click();
    await page.getByRole("heading", { name: "You came from another site" }).waitFor();
    await page.getByRole("link", { name: "All services" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.context().close();
  });

  it("a script of an upstream can use the session of the operator for nothing", async () => {
    const { page } = await opened(PAGE);
    await signIn(page);
    await page.getByRole("heading", { name: "All services" }).waitFor();
    await page.goto(`https://${SERVICE_HOST}/public/page`);
    const before = front.passed.length;
    const tried = await page.evaluate(async (url) => {
      const withCookie = { credentials: "include" } as const;
      const attempts = [
        fetch(url, withCookie),
        fetch(url, { ...withCookie, mode: "no-cors" }),
        fetch(`${url}/restart`, { ...withCookie, method: "POST", body: '{"service":"site"}' }),
        fetch(`${url}/purge`, { ...withCookie, method: "POST", mode: "no-cors", body: "{}" }),
        fetch(`${url}/sign-out`, { ...withCookie, method: "POST", mode: "no-cors" }),
      ];
      return Promise.all(attempts.map((attempt) => attempt.then(({ type }) => type).catch(() => "blocked")));
    }, PAGE);
    expect(tried).toEqual(["blocked", "opaque", "blocked", "opaque", "opaque"]);
    const passed = front.passed.slice(before).filter(({ url }) => url.startsWith(OPERATOR_HOST));
    // The browser sends the cookie, because both hosts are of one site: the gateway itself must refuse.
    expect(passed.filter(({ headers }) => headers.cookie?.includes(COOKIE))).toHaveLength(passed.length);
    expect(passed.map(({ status }) => status)).toEqual(new Array(5).fill(403));
    await page.goto(PAGE);
    await page.getByRole("heading", { name: "All services" }).waitFor();
    await page.context().close();
  });

  it("when the session has ended, the open page says so, and acts no more", async () => {
    const { page } = await opened(PAGE);
    await signIn(page);
    await page.getByRole("heading", { name: "All services" }).waitFor();
    await fetch(`http://127.0.0.1:${gateway.port}/a`, { headers: { authorization: "Bearer user" } });
    await expect.poll(directoryKnows, { timeout: 5_000, interval: 50 }).toBe(true);
    await page.goto(`${PAGE}?service=site`);
    await page.locator("#live[data-state=live]").waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.context().clearCookies();
    await page.getByRole("button", { name: "Watch live" }).click();
    await page.locator("#live[data-state=signed-out]").waitFor();
    expect(await page.locator("#live-text").textContent()).toMatch(/Your session has ended/);
    await page.getByRole("button", { name: "Restart…" }).click();
    await page.getByRole("dialog").getByText("Your session has ended").waitFor();
    expect(await page.getByRole("button", { name: "Restart now" }).isDisabled()).toBe(true);
    await page.context().close();
  });
});
