import type { TestProject } from "vitest/node";
import { loadTraces } from "../traces.ts";

/** Requests of a real trace, or of the made-up day: `[seconds, client]` each. */
export type ReplayedTrace = readonly (readonly [seconds: number, client: number])[];

declare module "vitest" {
  interface ProvidedContext {
    trace: { readonly name: string; readonly requests: ReplayedTrace };
  }
}

/** Replayed at most; beyond that a run only takes longer. */
const MAX_REQUESTS = 4_000;

/** workerd has no files: the trace is read here and handed in. */
export default function setup(project: TestProject): void {
  const { name, requests } = loadTraces()[0]!;
  const replayed = requests.slice(0, MAX_REQUESTS).map(({ atSeconds, client }) => [atSeconds, client] as const);
  project.provide("trace", { name, requests: replayed });
}
