import { expect, it } from "vitest";
import { resolveGateway } from "../../../config/index.ts";
import { Directory } from "../../../durable/directory/directory.ts";
import { DIRECTORY, type DirectoryQuery } from "../../../durable/directory/directory-rpc.ts";
import { Disk } from "../../../durable/directory/testing/figures.ts";
import type { Env } from "../../../durable/environment.ts";
import { operatorPage } from "./operator-page.tsx";
import { isolateSnapshot, NOW_MS, serviceReport } from "./testing/figures.ts";

const NAMES = Array.from({ length: 200 }, (_, n) => `service-${n}`);

/** Without a filter, there is none to compile. */
const KEYS = { protocol: "api-keys", keys: { secret: "KEYS" } };

/** Pages of a gateway with a real directory, and the calls to objects that they made. */
function pages(nowMs = NOW_MS) {
  const service = { upstream: { url: "https://up.example" }, authorization: KEYS };
  const services = NAMES.map((name) => [name, { ...service, route: { prefix: `/${name}` } }]);
  const resolved = resolveGateway({ services: Object.fromEntries(services) });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  const { gateway } = resolved;
  const health = { attempt: <Result>(_: string, run: () => Result) => run() };
  const directory = new Directory({ storage: new Disk(), health, services: NAMES, nowMs: () => NOW_MS });
  for (let minutesAgo = 30; minutesAgo > 0; minutesAgo -= 1) {
    for (const name of NAMES) {
      const report = serviceReport({ name, atMs: NOW_MS - minutesAgo * 60_000, requests: 10_000 - 100 * minutesAgo });
      directory.report({ report, isolate: isolateSnapshot(), filterMetrics: {} });
    }
  }
  const calls: { object: string; bytes: number }[] = [];
  const getByName = (object: string) => ({
    readDirectory: async (_: number, query: DirectoryQuery) => {
      const reading = directory.read(query);
      calls.push({ object, bytes: JSON.stringify(reading).length });
      return reading;
    },
  });
  const env = { SERVICE_OBJECT: { getByName } } as unknown as Env;
  const open = async (query: string) => {
    const url = `https://ops.example.com/stats${query}`;
    return (await operatorPage({ gateway, env, url, nowMs, canSignOut: false })).text();
  };
  return { calls, open };
}

it("one call to the directory makes the page of 200 services, with the figures of the window", async () => {
  const { calls, open } = pages();
  const html = await open("");
  expect(calls.map(({ object }) => object)).toEqual([DIRECTORY]);
  expect(calls[0]!.bytes / NAMES.length).toBeLessThan(5_000);
  expect(html.match(/<td class="number" data-label="requests">1,400<\/td>/g)).toHaveLength(200);
});

it("an hour after they fell asleep, it has the figures of the window before that, still by one call", async () => {
  const { calls, open } = pages(NOW_MS + 3_600_000);
  const html = await open("");
  expect(html.match(/<td class="number" data-label="requests">1,500<\/td>/g)).toHaveLength(200);
  const service = await open("?service=service-7");
  expect(service).toContain("1,500");
  expect(calls.map(({ object }) => object)).toEqual([DIRECTORY, DIRECTORY]);
});

it("one call makes the page of one service, with its curves", async () => {
  const { calls, open } = pages();
  const html = await open("?service=service-7&window=1h");
  expect(calls.map(({ object }) => object)).toEqual([DIRECTORY]);
  const [, json] = /id="data">(.*?)<\/script>/s.exec(html)!;
  expect((JSON.parse(json!) as { points: unknown[] }).points).toHaveLength(30);
});
