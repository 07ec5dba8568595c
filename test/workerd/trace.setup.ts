import type { TestProject } from "vitest/node";
import { loadTraces } from "../traces.ts";

/** Requests of a recorded trace, or of the synthetic day. */
export type ReplayedTrace = readonly (readonly [seconds: number, client: number])[];

declare module "vitest" {
  interface ProvidedContext {
    trace: { readonly name: string; readonly requests: ReplayedTrace };
  }
}

/** More requests would only make the run longer. */
const MAX_REQUESTS = 4_000;

/** Reads the trace and provides it to tests inside workerd, which have no file system. */
export default function setup(project: TestProject): void {
  const { name, requests } = loadTraces()[0]!;
  const replayed = requests.slice(0, MAX_REQUESTS).map(({ atSeconds, client }) => [atSeconds, client] as const);
  project.provide("trace", { name, requests: replayed });
}
