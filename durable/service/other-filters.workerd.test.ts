import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OtherServiceInput } from "../../config/index.ts";
import askingInVain from "../../test/workerd/guests/build/asking-in-vain.wasm";
import talkative from "../../test/workerd/guests/build/talkative.wasm";
import { head, type LoneService, withService } from "../../test/workerd/lone-service.ts";
import { TIME_LIMITS } from "../runtime/time-limits.ts";

/** What an operator sees of a filter that was brought along: what it asks for in vain, what it logs, and what it reads. */

const COMMON = {
  route: { prefix: "/lone" },
  upstream: { binding: "UPSTREAM" },
  clusters: { auth: { binding: "AUTHORIZATION" } },
  configuration: "",
  restart: { policy: "never" },
} as const;
const IN_VAIN: OtherServiceInput = { ...COMMON, filter: askingInVain };
const TALKATIVE: OtherServiceInput = { ...COMMON, filter: talkative };

let lines: string[];
beforeEach(() => {
  lines = [];
  const note = (line: unknown) => void lines.push(String(line));
  for (const level of ["log", "warn"] as const) vi.spyOn(console, level).mockImplementation(note);
});
afterEach(() => vi.restoreAllMocks());

const inVain = () => lines.filter((line) => line.includes("unserved_call")).map((line) => JSON.parse(line));
const decide = ({ service }: LoneService, ...headers: string[]) => Promise.resolve(service.decide(head(headers)));

describe("a filter that asks in vain and lets the request pass", () => {
  it.each([
    ["x-cluster", "cluster", "outbound|443||keys.example.com"],
    ["x-grpc", "function", "proxy_grpc_cancel"],
    ["x-foreign", "foreign_function", "verify"],
  ])("is logged, counted and no hit (%s)", (header, what, name) =>
    withService(IN_VAIN, TIME_LIMITS, async (lone) => {
      expect(await decide(lone)).toMatchObject({ kind: "continue", by: "cache" });
      for (let n = 0; n < 10; n += 1) {
        expect(await decide(lone, header, "yes")).toMatchObject({ kind: "continue", by: "unchecked" });
      }
      expect(lone.service.stats()).toMatchObject({
        requests: 11,
        hits: 1,
        unservedCalls: 10,
        decisions: { allowed: { cache: 1, unchecked: 10 } },
        lastUnservedCall: { what, name },
      });
      expect(inVain()).toMatchObject([{ service: "lone", what, name }]);
    }),
  );

  it("and refuses is no hit either", () =>
    withService(IN_VAIN, TIME_LIMITS, async (lone) => {
      expect(await decide(lone, "x-grpc", "yes", "x-refuse", "yes")).toMatchObject({ kind: "respond", status: 403 });
      expect(lone.service.stats()).toMatchObject({ hits: 0, unservedCalls: 1, decisions: { refused: { denied: 1 } } });
      expect(await decide(lone, "x-refuse", "yes")).toMatchObject({ kind: "respond", status: 403 });
      expect(lone.service.stats()).toMatchObject({ hits: 1, unservedCalls: 1 });
    }));

  it("keeps its count over an eviction", () =>
    withService(IN_VAIN, TIME_LIMITS, async (lone) => {
      await decide(lone, "x-cluster", "yes");
      await lone.service.shownStats();
      const next = await lone.again();
      expect((await next.service.shownStats()).unservedCalls).toBe(1);
    }));
});

describe("the level of a filter's lines", () => {
  const filterLines = () => lines.filter((line) => line.startsWith("lone: filter:"));

  it.each<[OtherServiceInput["logLevel"], string[]]>([
    [undefined, ["info: a plain line", "error: an error"]],
    ["trace", ["debug: a quiet line", "info: a plain line", "error: an error"]],
    ["error", ["error: an error"]],
    ["off", []],
  ])("is %s", (logLevel, expected) =>
    withService(logLevel === undefined ? TALKATIVE : { ...TALKATIVE, logLevel }, TIME_LIMITS, async (lone) => {
      await decide(lone);
      expect(filterLines()).toEqual(expected.map((line) => `lone: filter: ${line}`));
    }),
  );

  it("does not hide a trap, beside which the last lines stand", () =>
    withService({ ...TALKATIVE, logLevel: "off" }, TIME_LIMITS, async (lone) => {
      const answer = await decide(lone, "x-die", "yes");
      expect(answer).toMatchObject({ kind: "unavailable", reason: "filter_failed" });
      expect(answer).toMatchObject({
        message: expect.stringMatching(/^trap: .*unreachable.*; the filter's last lines: error: an error$/),
      });
      expect(filterLines()).toEqual([expect.stringMatching(/^lone: filter: critical: .*unreachable/)]);
    }));
});

describe("the properties of a service", () => {
  async function shown(lone: LoneService): Promise<unknown> {
    const answer = await decide(lone);
    if (answer.kind !== "continue") throw new Error(`answered ${answer.kind}`);
    return Object.fromEntries(answer.changes.map(({ name, values }) => [name, values[0]]));
  }

  it("are read by the filter, and the route's name is the rule's unless one is given", () =>
    withService(
      { ...TALKATIVE, properties: { "xds.cluster_name": "outbound|80||orders", "node.metadata.NAME": "edge" } },
      TIME_LIMITS,
      async (lone) =>
        expect(await shown(lone)).toEqual({
          "x-cluster-name": "outbound|80||orders",
          "x-node-name": "edge",
          "x-route-name": expect.any(String),
        }),
    ));

  it("replace the route's name, which Higress's filters choose their settings by", () =>
    withService({ ...TALKATIVE, properties: { route_name: "default/orders" } }, TIME_LIMITS, async (lone) =>
      expect(await shown(lone)).toEqual({ "x-route-name": "default/orders" }),
    ));
});
