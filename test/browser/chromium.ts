import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const FILE = process.env.EBB_CHROMIUM ?? "/usr/bin/chromium";

/** Nothing of the browser's own goes to the network. */
const FLAGS = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

/**
 * Whether there is a browser. Without one these tests are skipped, and say so; where they must run, `EBB_REQUIRE_CHROMIUM=1` makes
 * that a failure.
 */
export function hasChromium(): boolean {
  if (existsSync(FILE)) return true;
  const missing = `${FILE} is not there: apt-get install chromium, or name another by EBB_CHROMIUM`;
  if (process.env.EBB_REQUIRE_CHROMIUM === "1") throw new Error(missing);
  console.warn(`The tests in a browser are skipped: ${missing}`);
  return false;
}

/** @param hosts host names that lead to a port of this machine, whatever their own port */
export function launchChromium(hosts: Readonly<Record<string, number>> = {}): Promise<Browser> {
  const rules = Object.entries(hosts).map(([host, port]) => `MAP ${host} 127.0.0.1:${port}`);
  const args = rules.length === 0 ? FLAGS : [...FLAGS, `--host-resolver-rules=${rules.join(",")}`];
  return chromium.launch({ executablePath: FILE, args });
}

/** A page, and whatever went wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors in the console, exceptions, violations of the Content-Security-Policy and requests to other origins. */
  readonly problems: string[];
}

export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(8_000);
  const problems: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) problems.push(`request: ${request.url()}`);
  });
  await page.exposeFunction("reportViolation", (text: string) => problems.push(`policy: ${text}`));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      (window as unknown as { reportViolation(text: string): void }).reportViolation(
        `${violatedDirective} ${blockedURI}`,
      );
    });
  });
  return { page, problems };
}
