import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pointOf } from "../../durable/directory/history-point.ts";
import type { ServiceReport } from "../../durable/directory/service-report.ts";
import { assetResponse } from "../../worker/operator/page/assets.ts";
import { htmlResponse } from "../../worker/operator/page/html-response.ts";
import { ServicePage } from "../../worker/operator/page/service.tsx";
import { history, isolateSnapshot, NOW_MS } from "../../worker/operator/page/testing/figures.ts";
import { HOSTILE, hostileReport } from "../../worker/operator/page/testing/hostile.ts";
import { DEFAULT_WINDOW } from "../../worker/operator/page/windows.ts";
import { hasChromium, launchChromium, openPage } from "./chromium.ts";

/** Pages with figures that no gateway in good health has, as the Worker renders them: no server is needed for these. */

const ORIGIN = "https://ops.test";

describe.skipIf(!hasChromium())("the operator's page", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** A page whose addresses answer with what the Worker would answer. */
  async function opened(answer: (url: URL) => Response | undefined) {
    const watched = await openPage(browser, ORIGIN);
    await watched.page.route("**/*", async (route) => {
      const url = new URL(route.request().url());
      const asset = url.pathname.startsWith("/stats/assets/") ? assetResponse(url.pathname.slice(14)) : undefined;
      const response = asset ?? answer(url) ?? new Response(null, { status: 404 });
      const headers = Object.fromEntries(response.headers);
      await route.fulfill({ status: response.status, headers, body: await response.text() });
    });
    return watched;
  }

  it("shows hostile texts as texts, also those that come while it is live", async () => {
    const report = hostileReport();
    const entry = report.services[0] as ServiceReport;
    const points = [...history(entry).slice(0, -1), pointOf(entry)];
    const { page, problems } = await opened((url) => {
      if (url.pathname === "/stats/live") {
        const live = { ...entry, atMs: entry.atMs + 30_000, policy: `live ${HOSTILE}`, generation: 8 };
        const data = JSON.stringify({ report: live, isolate: isolateSnapshot(), filterMetrics: {} });
        return new Response(`event: report\ndata: ${data}\n\n`, { headers: { "content-type": "text/event-stream" } });
      }
      const data = {
        ...{ prefix: "/stats", service: HOSTILE, window: DEFAULT_WINDOW, collectMs: 900_000, gates: { services: [] } },
        ...{ report: { ...report, services: [entry] }, points },
      };
      return htmlResponse(ServicePage({ data, nowMs: NOW_MS, canSignOut: false }));
    });
    await page.goto(`${ORIGIN}/stats?service=x`);
    await expect
      .poll(() => page.locator("#section-facts").textContent(), { timeout: 8_000 })
      .toContain(`live ${HOSTILE}`);
    expect(await page.locator("h1").textContent()).toBe(HOSTILE);
    expect(await page.locator("main img, main script:not(#data)").count()).toBe(0);
    expect(await page.locator("#section-restarts td").first().textContent()).toBe(HOSTILE.replaceAll("_", " "));
    expect(await page.locator(".curves .tip").last().textContent()).toContain("<script>taken()</script>");
    expect(problems.filter((problem) => !problem.includes("EventSource"))).toEqual([]);
    await page.context().close();
  });
});
