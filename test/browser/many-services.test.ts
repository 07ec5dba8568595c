import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChromium, launchChromium, openPage } from "./chromium.ts";
import { type PageGateway, startPageGateway } from "./page-gateway.ts";

/** What the page costs with one service and with 200, on a real gateway. The figures in docs/page.md are those that this prints. */

const NAMES = Array.from({ length: 200 }, (_, n) => `service-${String(n).padStart(3, "0")}`);

describe.skipIf(!hasChromium())("with 200 services", () => {
  let browser: Browser;
  let gateway: PageGateway;

  beforeAll(async () => {
    [browser, gateway] = await Promise.all([launchChromium(), startPageGateway(NAMES)]);
    for (let from = 0; from < NAMES.length; from += 20) {
      await Promise.all(NAMES.slice(from, from + 20).map((name) => gateway.send(name, 1)));
    }
    await gateway.figuresOf(...NAMES);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  /** Bytes of a response's body, as curl or a browser asks for it. */
  const bytesOf = async (query: string, accept: string) =>
    (await (await fetch(`${gateway.origin}/stats${query}`, { headers: { accept } })).arrayBuffer()).byteLength;

  it("the overview stays small, quick and readable", async () => {
    const { page, problems } = await openPage(browser, gateway.origin);
    const requests: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith("data:")) requests.push(new URL(request.url()).pathname);
    });
    await page.goto(`${gateway.origin}/stats`);
    const loadMs = await page.evaluate(() => {
      const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
      return { firstByte: Math.round(entry!.responseStart), load: Math.round(entry!.loadEventEnd) };
    });
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    const html = await bytesOf("", "text/html");
    const sizes = {
      "HTML, 200 services": html,
      "HTML, one service": await bytesOf("?service=service-000", "text/html"),
      "JSON, 200 services": await bytesOf("", "application/json"),
      "JSON, one service": await bytesOf("?service=service-000", "application/json"),
    };
    console.log(JSON.stringify({ ...sizes, "ms until the first byte, until loaded": loadMs, "JS heap": usedSize }));
    // The page, its script and its style: nothing else is asked for.
    expect(requests.map((path) => path.replace(/[\w-]+\.(js|css)$/, "$1"))).toEqual([
      "/stats",
      "/stats/assets/css",
      "/stats/assets/js",
    ]);
    expect(html).toBeLessThan(300_000);
    expect(usedSize).toBeLessThan(20_000_000);
    expect(await page.locator("#rows tr").count()).toBe(200);
    await page.keyboard.press("/");
    await page.keyboard.type("service-19");
    expect(await page.locator("#rows tr:visible").count()).toBe(10);
    expect(await page.locator("#matches").textContent()).toBe("10 of 200");
    await page.keyboard.press("Escape");
    expect(await page.locator("#rows tr:visible").count()).toBe(200);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1_280);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
