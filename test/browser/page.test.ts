import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasChromium, launchChromium, openPage } from "./chromium.ts";
import { type PageGateway, startPageGateway } from "./page-gateway.ts";

/** The operator's page in a real browser, on a real gateway under traffic. */

describe.skipIf(!hasChromium())("the operator's page", () => {
  let browser: Browser;
  let gateway: PageGateway;

  beforeAll(async () => {
    [browser, gateway] = await Promise.all([launchChromium(), startPageGateway(["orders", "bills", "unused"])]);
    await Promise.all([gateway.send("orders", 60), gateway.send("bills", 20)]);
    await gateway.figuresOf("orders", "bills");
  });
  afterAll(async () => {
    await browser?.close();
    await gateway?.stop();
  });

  const serviceUrl = (service: string) => `${gateway.origin}/stats?service=${service}`;
  const isLive = (page: Page) => page.locator("#live[data-state=live]").waitFor();
  const curve = (page: Page, title: string) => page.locator(".curves figure", { hasText: title });

  it("shows all services, with what is waited for where nothing came yet", async () => {
    const { page, problems } = await openPage(browser, gateway.origin);
    await page.goto(`${gateway.origin}/stats`);
    const rows = page.locator("#rows tr");
    expect(await rows.count()).toBe(3);
    expect(await rows.filter({ hasText: "unused" }).textContent()).toMatch(/Waiting for its first request/);
    expect(await rows.filter({ hasText: "bills" }).textContent()).toMatch(/well/);
    expect(await page.locator("figure.isolate svg").getAttribute("aria-label")).toMatch(/^live .+ retired .+ free /);
    await page.goto(serviceUrl("unused"));
    expect(await page.locator("main").textContent()).toMatch(/Waiting for the first request/);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("renews the overview while it is looked at, and says so when it cannot", async () => {
    const { page, problems } = await openPage(browser, gateway.origin);
    await page.clock.install();
    await page.goto(`${gateway.origin}/stats`);
    await page.keyboard.press("/");
    await page.keyboard.type("unus");
    await page.keyboard.press("ArrowDown");
    const before = await page.locator("#rows tr").first().elementHandle();
    await setHidden(page, true);
    await page.clock.runFor(130_000);
    expect(await before!.evaluate((row) => row.isConnected)).toBe(true);
    await setHidden(page, false);
    await expect.poll(() => before!.evaluate((row) => row.isConnected), POLL).toBe(false);
    expect(await page.locator("#filter").inputValue()).toBe("unus");
    expect(await page.locator("#rows tr:visible").count()).toBe(1);
    expect(await focusedText(page)).toBe("unused");
    expect(problems).toEqual([]);
    await page.route("**/stats", (route) => route.abort());
    await page.clock.runFor(70_000);
    await expect
      .poll(() => page.locator("#as-of").textContent(), POLL)
      .toMatch(/^as of \d\d:\d\d: the gateway cannot be reached$/);
    await page.unroute("**/stats");
    await page.clock.runFor(70_000);
    await expect.poll(() => page.locator("#as-of").textContent(), POLL).toMatch(/^as of \d\d:\d\d$/);
    await page.context().close();
  });

  it("answers the five questions, and its curves appear and move under traffic", async () => {
    const { page, problems } = await openPage(browser, gateway.origin);
    await page.goto(serviceUrl("orders"));
    const questions = await page.locator(".answers h3").allTextContents();
    expect(questions).toEqual([
      "Is it healthy?",
      "Why did it last restart?",
      "What did it cost?",
      "Who is refused?",
      "Is the authorization server slow?",
    ]);
    await isLive(page);
    const memory = curve(page, "Memory");
    await expect.poll(async () => Number(await memory.getAttribute("data-points")), POLL).toBeGreaterThan(1);
    const [before, newestMs] = [await drawnIn(memory), Number(await memory.getAttribute("data-newest-ms"))];
    const calls = await page.locator("dl.figures div", { hasText: "Calls" }).locator("b").textContent();
    await gateway.send("orders", 40);
    await expect
      .poll(async () => Number(await memory.getAttribute("data-newest-ms")), POLL)
      .toBeGreaterThan(newestMs + 1_500);
    expect(before.filled).toBeGreaterThan(50);
    expect((await drawnIn(memory)).hash).not.toBe(before.hash);
    await expect
      .poll(() => page.locator("dl.figures div", { hasText: "Calls" }).locator("b").textContent(), POLL)
      .not.toBe(calls);
    expect(await page.locator("[data-reason='refused/credential']").textContent()).toMatch(/no valid credential/);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("restarts after showing what that frees and costs, and marks the restart with its reason", async () => {
    const { page, problems } = await openPage(browser, gateway.origin);
    await page.goto(serviceUrl("orders"));
    await isLive(page);
    await page.getByRole("button", { name: "Restart…" }).click();
    const dialog = page.getByRole("dialog");
    await expect.poll(() => dialog.textContent(), POLL).toMatch(/It frees .+ of .+ at once.+it costs/);
    await dialog.getByRole("button", { name: "Restart now" }).click();
    await expect.poll(() => page.locator("#outcome").textContent(), POLL).toBe("Restarted.");
    const mark = page.locator(".curves .mark").last();
    await mark.waitFor();
    expect(await mark.textContent()).toMatch(/an operator asked for it\. .+ given back, .*extra calls/);
    expect(await mark.locator(".tip").isVisible()).toBe(false);
    await mark.hover();
    expect(await mark.locator(".tip").isVisible()).toBe(true);
    await page.mouse.move(0, 0);
    expect(await mark.locator(".tip").isVisible()).toBe(false);
    await mark.focus();
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Tab");
    expect(await mark.locator(".tip").isVisible()).toBe(true);
    expect(await page.locator("#section-restarts [data-reason=operator]").count()).toBeGreaterThan(0);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("a cancelled restart restarts nothing", async () => {
    const { page } = await openPage(browser, gateway.origin);
    const actions: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST") actions.push(request.postData() ?? "");
    });
    await page.goto(serviceUrl("bills"));
    await page.getByRole("button", { name: "Restart…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Restart…" }).click();
    await page.keyboard.press("Escape");
    await page.waitForTimeout(200);
    expect(actions.map((body) => JSON.parse(body))).toEqual(new Array(2).fill({ service: "bills", dryRun: true }));
    await page.context().close();
  });

  it("restarts by the keyboard alone, from the overview on", async () => {
    const { page, problems } = await openPage(browser, gateway.origin);
    await page.goto(`${gateway.origin}/stats`);
    for (let n = 0; n < 30 && (await focusedText(page)) !== "bills"; n += 1) await page.keyboard.press("Tab");
    expect(await outlineOf(page)).not.toBe("none");
    await page.keyboard.press("Enter");
    await page.waitForURL(/service=bills/);
    await isLive(page);
    const before = await page.locator("#section-restarts [data-reason=operator]").count();
    await tabTo(page, "restart");
    await page.keyboard.press("Enter");
    // The dry run is back when the way on has the focus.
    await expect.poll(() => focusedText(page), POLL).toBe("Restart now");
    expect(await outlineOf(page)).not.toBe("none");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("#outcome").textContent(), POLL).toBe("Restarted.");
    expect(await focusedText(page)).toBe("Restart…");
    await expect.poll(() => page.locator("#section-restarts [data-reason=operator]").count(), POLL).toBe(before + 1);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("purges by the keyboard alone, and does not keep the credential", async () => {
    const { page, problems } = await openPage(browser, gateway.origin);
    await page.goto(`${gateway.origin}/stats`);
    await page.keyboard.press("/");
    await page.keyboard.type("bil");
    expect(await page.locator("#rows tr:visible").count()).toBe(1);
    await page.keyboard.press("ArrowDown");
    expect(await focusedText(page)).toBe("bills");
    await page.keyboard.press("Enter");
    await page.waitForURL(/service=bills/);
    await isLive(page);
    await tabTo(page, "purge");
    expect(await outlineOf(page)).not.toBe("none");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Bearer user-1");
    expect(await page.locator("#purge-meaning").textContent()).toMatch(/for this credential/);
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("#outcome").textContent(), POLL).toMatch(/^Purged: \d+ decisions? dropped/);
    expect(await page.content()).not.toContain("user-1");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("purge");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("the arrow keys read a curve", async () => {
    const { page } = await openPage(browser, gateway.origin);
    await page.goto(serviceUrl("orders"));
    await isLive(page);
    const memory = curve(page, "Memory");
    await memory.locator(".plot").focus();
    await page.keyboard.press("End");
    await expect.poll(() => memory.getByRole("status").textContent(), POLL).toMatch(/: Allocated .+ MiB, Required/);
    await page.context().close();
  });

  it("watches only while the tab is visible and the operator wants it", async () => {
    const { page } = await openPage(browser, gateway.origin);
    const streams: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/live")) streams.push(request.url());
    });
    await page.goto(serviceUrl("orders"));
    await isLive(page);
    await setHidden(page, true);
    await page.locator("#live[data-state=hidden]").waitFor();
    await page.waitForTimeout(1_500);
    expect(streams).toHaveLength(1);
    await setHidden(page, false);
    await isLive(page);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator("#live[data-state=off]").waitFor();
    expect(await page.locator("#live-text").textContent()).toMatch(/^Paused, as of \d\d:\d\d$/);
    await setHidden(page, true);
    await setHidden(page, false);
    await page.waitForTimeout(300);
    expect(streams).toHaveLength(2);
    await page.context().close();
  });

  it("tries again ever less often while the gateway cannot be reached, and says so", async () => {
    const { page } = await openPage(browser, gateway.origin);
    let attempts = 0;
    await page.route("**/live**", (route) => {
      attempts += 1;
      return route.abort();
    });
    await page.goto(serviceUrl("orders"));
    await page.locator("#live[data-state=reconnecting]").waitFor();
    await page.waitForTimeout(2_500);
    expect(attempts).toBeGreaterThan(1);
    expect(attempts).toBeLessThan(4);
    await page.unroute("**/live**");
    await isLive(page);
    await page.context().close();
  });

  it.each(["light", "dark"] as const)("fits into 360 pixels (%s)", async (colorScheme) => {
    const { page, problems } = await openPage(browser, gateway.origin, {
      viewport: { width: 360, height: 740 },
      colorScheme,
    });
    for (const url of [`${gateway.origin}/stats`, serviceUrl("orders")]) {
      await page.goto(url);
      await page.waitForTimeout(300);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    }
    const [text, back] = await page.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      return [style.color, style.backgroundColor];
    });
    expect(luminanceOf(back!) > luminanceOf(text!)).toBe(colorScheme === "light");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("without scripts all numbers are there, and the curves say what they need", async () => {
    const { page } = await openPage(browser, gateway.origin, { javaScriptEnabled: false });
    await page.goto(serviceUrl("orders"));
    const text = await page.locator("main").textContent();
    expect(text).toMatch(/As of \d\d:\d\d UTC/);
    expect(text).toMatch(/Allocated[\d.]+ MiB/);
    expect(text).toMatch(/The curves need scripts/);
    expect(await page.getByRole("button").count()).toBe(0);
    await page.context().close();
  });

  it("its policy blocks a script that gets into the page", async () => {
    const { page, problems } = await openPage(browser, gateway.origin);
    await page.goto(`${gateway.origin}/stats`);
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'taken over'";
      document.body.append(script);
      const image = document.createElement("img");
      image.setAttribute("onerror", "document.title = 'taken over'");
      image.src = "data:image/png;base64,none";
      document.body.append(image);
    });
    await expect.poll(() => problems.filter((problem) => problem.startsWith("policy")).length, POLL).toBe(2);
    expect(await page.title()).toBe("Ebb: all services");
    await page.context().close();
  });
});

const POLL = { timeout: 12_000, interval: 100 };

/** How many pixels of a curve's canvas are not empty, and a number that changes with any of them. */
function drawnIn(figure: Locator): Promise<{ filled: number; hash: number }> {
  return figure.locator("canvas").evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
    copy.drawImage(canvas as HTMLCanvasElement, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    let filled = 0;
    let hash = 0;
    for (let at = 3; at < data.length; at += 4) {
      if (data[at]! > 0) filled += 1;
      hash = (Math.imul(hash, 31) + data[at]!) | 0;
    }
    return { filled, hash };
  });
}

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, id: string): Promise<void> {
  for (let n = 0; n < 40; n += 1) {
    await page.keyboard.press("Tab");
    if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
  }
  throw new Error(`Tab never reaches ${id}`);
}

function focusedText(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.activeElement?.textContent?.trim());
}

function outlineOf(page: Page): Promise<string> {
  return page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle);
}

/** A headless browser has no other tab to change to. */
function setHidden(page: Page, isHidden: boolean): Promise<void> {
  return page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isHidden);
}

function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
