import type { FilterKind, Service } from "../../config/index.ts";
import { type FilterDependencies, startFilter } from "../../durable/instances/filter-start.ts";
import { FilterInstance, type HttpStream, inspectModule } from "../../wasm/host/index.ts";
import type { ReplyInput } from "../filter/input-schema.ts";
import { DEFAULT_REQUEST, DEFAULT_RESPONSE } from "../filter/input-schema.ts";
import { requestHeaders, responseHeaders } from "../filter/run-request.ts";
import { type LogLine, ScriptedServices } from "../filter/scripted-services.ts";
import { VirtualClock } from "../filter/virtual-clock.ts";
import { GUEST_LIMIT, TimedOut, withTimeLimit } from "../time-limit.ts";
import { withoutSecrets } from "./without-secrets.ts";

const ANY_KEY = "00".repeat(16);
const LAST_LINES = 10;

/** What came of starting a service's filter. */
export interface TrialStart {
  /** Why it is of no use, to be put after its name; undefined if it started, even if it waits for a reply. */
  readonly failure: string | undefined;
  /** The last lines of its log. */
  readonly log: readonly LogLine[];
  /** Clusters that it called and the service lacks. */
  readonly unknownClusters: ReadonlySet<string>;
  /** Secrets for which it got a placeholder. */
  readonly placeholders: readonly string[];
}

/**
 * Starts a service's filter with its configuration and runs its first tick, without a network: no call gets a reply.
 * @param secretNamed the value of a secret, if it is known here
 */
export function trialStart(
  service: Service,
  module: WebAssembly.Module,
  secretNamed: (name: string) => string | undefined,
): TrialStart {
  const placeholders = new Set<string>();
  const known = new Map<string, string>();
  const secrets = (name: string): string => {
    const value = secretNamed(name);
    if (value === undefined) placeholders.add(name);
    else known.set(name, value);
    return value ?? `placeholder-of-secret-${name}`;
  };
  const host = new ScriptedServices(new VirtualClock(Date.now()), { replies: silent(service), otherwise: undefined });
  const failure = failureOf(module, host, { service, host, digestKey: ANY_KEY, secrets });
  const { logs, gaps } = host.records;
  const hidden = (text: string): string => withoutSecrets(text, known);
  return {
    failure: failure && hidden(failure),
    log: logs.slice(-LAST_LINES).map(({ level, message }) => ({ level, message: hidden(message) })),
    unknownClusters: gaps.unknownClusters,
    placeholders: [...placeholders],
  };
}

function failureOf(
  module: WebAssembly.Module,
  host: ScriptedServices,
  dependencies: FilterDependencies,
): string | undefined {
  try {
    return withTimeLimit(GUEST_LIMIT.ms, () => {
      const start = startFilter(dependencies, (options) => FilterInstance.start(module, host, options));
      if (!start.ok) {
        const { message, filterReason } = start;
        return `does not start: ${message}${filterReason === undefined ? "" : ` (${filterReason})`}`;
      }
      const { filterKind } = dependencies.service;
      const instance = start.started;
      // As in the gateway, where the built-in filter's first tick comes later and only cleans up.
      if (filterKind.kind === "other") instance.tick();
      if (instance.failure !== undefined) return `fails in its first tick: ${instance.failure.message}`;
      const finds = host.activity.hostCalls > 0 || !host.activity.hasReadRootId || doesWork(instance, host);
      return finds ? undefined : nothingFound(module, filterKind);
    });
  } catch (error) {
    if (error instanceof TimedOut) return `does not start: it ${error.message}`;
    throw error;
  }
}

function nothingFound(module: WebAssembly.Module, filterKind: FilterKind): string {
  const id = JSON.stringify(filterKind.kind === "other" ? filterKind.rootId : "");
  const why =
    inspectModule(module).entryPoint === undefined
      ? "it has no initialiser (_initialize or _start), which would register it"
      : "set rootId to the name that it registers";
  return `has nothing under its root ID ${id}, and would let every request pass: ${why}`;
}

/** Clusters that exist and never answer: the clock of a trial start stands still. */
function silent({ clusters }: Service): ReplyInput[] {
  return Object.keys(clusters).map((cluster) => ({
    cluster,
    path: undefined,
    delayMs: 0,
    answer: { kind: "fail", reason: "timeout" },
  }));
}

/** True if the filter does anything with a whole request and its response. */
function doesWork(instance: FilterInstance, { activity }: ScriptedServices): boolean {
  const stages = { ...instance.exportedStages, requestTrailers: false, responseTrailers: false };
  const request = { headers: requestHeaders(DEFAULT_REQUEST), endOfStream: false };
  const stream = instance.openStream(request, { stages });
  const goesOn = passes(stream);
  stream.end();
  return !goesOn || activity.hostCalls > 0;
}

function passes(stream: HttpStream): boolean {
  const body = new TextEncoder().encode("{}");
  const parts = [
    () => stream.requestHeaders(),
    () => stream.requestBody(body, true),
    () => stream.responseHeaders(responseHeaders(DEFAULT_RESPONSE), false),
    () => stream.responseBody(body, true),
  ];
  return parts.every((part) => {
    const outcome = part();
    return !(outcome instanceof Promise) && outcome.kind === "continue";
  });
}
