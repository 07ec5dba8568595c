/**
 * `npm run screenshots`: makes the pictures of the operator's page in docs/images. Starts a gateway with a few services, some of
 * them in trouble, sends traffic for some minutes, and takes the pictures with Chromium.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { bundleWorker } from "./bundle-worker.ts";
import { authorize, listening, serve } from "./screenshots/servers.ts";
import { drive } from "./traffic/drive.ts";
import { seededRandom } from "./traffic/random.ts";
import { Tally } from "./traffic/tally.ts";
import { syntheticWorkload } from "./traffic/workload.ts";
import { startWorkerd } from "./workerd.ts";

const IMAGES = join(import.meta.dirname, "../docs/images");
const CHROMIUM = process.env.EBB_CHROMIUM ?? "/usr/bin/chromium";
/** Nothing listens on the port "discard". */
const NOBODY = "http://127.0.0.1:9";

interface Load {
  readonly service: string;
  readonly peakPerSecond: number;
  readonly users: number;
  readonly waves: number;
  /** Of the whole time. */
  readonly share: number;
}

const LOADS: readonly Load[] = [
  { service: "orders", peakPerSecond: 60, users: 2_000, waves: 2, share: 1 },
  { service: "search", peakPerSecond: 20, users: 300, waves: 1, share: 1 },
  { service: "payments", peakPerSecond: 2, users: 200, waves: 1, share: 1 },
  { service: "invoices", peakPerSecond: 1, users: 50, waves: 1, share: 1 },
  { service: "reports", peakPerSecond: 5, users: 100, waves: 1, share: 0.25 },
];

interface Picture {
  readonly name: string;
  readonly query: string;
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
  /** A mark whose text is shown. */
  readonly showsMark?: boolean;
  /** The dialog for a restart is open, with its dry run. */
  readonly asksForRestart?: boolean;
}

const DESK = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const PICTURES: readonly Picture[] = [
  { name: "overview-light", query: "", ...DESK, scheme: "light" },
  { name: "overview-dark", query: "", ...DESK, scheme: "dark" },
  { name: "service-light", query: "?service=orders", ...DESK, scheme: "light", showsMark: true },
  { name: "service-dark", query: "?service=orders", ...DESK, scheme: "dark", showsMark: true },
  { name: "restart", query: "?service=orders", ...DESK, height: 520, scheme: "light", asksForRestart: true },
  { name: "overview-phone", query: "", ...PHONE, scheme: "light" },
  { name: "service-phone", query: "?service=orders", ...PHONE, scheme: "dark" },
];

async function takeScreenshots(minutes: number): Promise<void> {
  await mkdir(IMAGES, { recursive: true });
  const [upstream, authorization] = await Promise.all([listening(serve), listening(authorize)]);
  const bundle = await bundleWorker(join(import.meta.dirname, "screenshots/gateway.ts"), {
    UPSTREAM: upstream.origin,
    AUTHORIZATION: authorization.origin,
    NOBODY,
  });
  const workerd = await startWorkerd(
    { gateway: { bundle, text: { EBB_DEV: "1" }, objects: { SERVICE_OBJECT: "ServiceObject" } } },
    ["gateway"],
  );
  const stop = new AbortController();
  try {
    const origin = `http://localhost:${workerd.ports.gateway}`;
    console.log(`Traffic for ${minutes} minutes: ${origin}/stats`);
    const traffic = LOADS.map((load) => send(load, origin, minutes, stop.signal));
    await Promise.all([sleepUntilEnd(minutes), ...traffic]);
    // While the pictures are taken, requests go on to come.
    const more = LOADS.filter(({ share }) => share === 1).map((load) => send(load, origin, 5, stop.signal));
    await takePictures(origin);
    stop.abort();
    await Promise.all(more);
  } finally {
    stop.abort();
    await workerd.stop();
    for (const { server } of [upstream, authorization]) {
      server.closeAllConnections();
      server.close();
    }
  }
}

function sleepUntilEnd(minutes: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, minutes * 60_000));
}

async function send(load: Load, origin: string, minutes: number, signal: AbortSignal): Promise<void> {
  const { service, peakPerSecond, users, waves, share } = load;
  const durationSeconds = 60 * minutes * share;
  const requests = syntheticWorkload(
    { kind: "synthetic", users, zipfExponent: 1, peakPerSecond, durationSeconds, waves },
    { prefix: `/${service}`, tokenPrefix: "demo-" },
    seededRandom(1),
  );
  await drive(requests, new Tally(), { origin, concurrency: 64, signal });
}

async function takePictures(origin: string): Promise<void> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu"],
  });
  for (const { name, query, width, height, scheme, showsMark, asksForRestart } of PICTURES) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, deviceScaleFactor: 1 });
    await page.goto(`${origin}/stats${query}`);
    if (query !== "") {
      await page.locator("#live[data-state=live]").waitFor();
      await page.waitForTimeout(10_000);
    }
    if (showsMark) await page.locator(".curves .mark").first().hover();
    if (asksForRestart) {
      await page.getByRole("button", { name: "Restart…" }).click();
      await page.getByText(/^It frees/).waitFor();
    }
    const path = join(IMAGES, `${name}.png`);
    const { length } = await page.screenshot({ path });
    console.log(`${name}: ${Math.round(length / 1_024)} KiB`);
    await page.close();
  }
  await browser.close();
}

const { values } = parseArgs({ options: { minutes: { type: "string", default: "12" } } });
await takeScreenshots(Number(values.minutes));
