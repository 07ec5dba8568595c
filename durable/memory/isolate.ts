import { type IsolateLimits, isolateLimits } from "../../config/index.ts";
import { ServersCalls } from "../outbound/server-calls.ts";
import { type BudgetMarks, budgetMarks } from "./budget-action.ts";
import { forceGarbageCollection } from "./force-gc.ts";
import type { BudgetSnapshot } from "./isolate-budget.ts";
import { IsolateBudget } from "./isolate-budget.ts";
import { IsolateMemory, type IsolateMemorySnapshot } from "./isolate-memory.ts";
import { type ReclaimSettings, reclaimSettings } from "./reclaim.ts";
import { Reclaimer, type ReclaimPlatform, type ReclaimSnapshot } from "./reclaimer.ts";

const PLATFORM: ReclaimPlatform = {
  nowMs: () => Date.now(),
  setTimer: (callback, delayMs) => {
    setTimeout(callback, delayMs);
  },
  provoke: forceGarbageCollection,
};

/** State shared by all objects of an isolate. */
export interface Isolate {
  readonly memory: IsolateMemory;
  readonly reclaimer: Reclaimer;
  readonly budget: IsolateBudget;
  /** Clients' calls to authorization servers. */
  readonly servers: ServersCalls;
}

/** The isolate's part of /stats. */
export interface IsolateSnapshot extends IsolateMemorySnapshot {
  readonly reclaim: ReclaimSnapshot;
  readonly budget: BudgetSnapshot;
}

export function createIsolate(
  platform: ReclaimPlatform = PLATFORM,
  settings: ReclaimSettings = reclaimSettings(isolateLimits()),
  marks: BudgetMarks = budgetMarks(isolateLimits()),
): Isolate {
  const memory = new IsolateMemory(platform.nowMs);
  const reclaimer = new Reclaimer(memory, platform, settings);
  const budget = new IsolateBudget(memory, reclaimer, marks, platform.nowMs);
  return { memory, reclaimer, budget, servers: new ServersCalls() };
}

let limits: IsolateLimits | undefined;
let isolate: Isolate | undefined;

/** Sets the limits of the isolate that loaded this module. Call it before the first request. */
export function limitThisIsolate(own: IsolateLimits): void {
  limits = own;
}

/** This isolate's state, created on first use because timers and randomness are not available in module scope. */
export function thisIsolate(): Isolate {
  if (isolate === undefined) {
    limits ??= isolateLimits();
    isolate = createIsolate(PLATFORM, reclaimSettings(limits), budgetMarks(limits));
  }
  return isolate;
}

export function isolateSnapshot({ memory, reclaimer, budget }: Isolate): IsolateSnapshot {
  return { ...memory.snapshot(), reclaim: reclaimer.snapshot(), budget: budget.snapshot() };
}
