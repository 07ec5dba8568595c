/// <reference lib="es2024.promise" preserve="true" />
/**
 * A Proxy-Wasm host (proxy-wasm/spec) in TypeScript. It does not depend on Cloudflare and runs wherever WebAssembly does:
 * the embedder supplies clock, network, log and randomness as HostServices.
 */

export type { AbiVersion, LogLevel, LogThreshold, MetricType } from "./abi.ts";
export type {
  AbortNotice,
  BodyOutcome,
  Decision,
  DecisionFailure,
  FailedOutcome,
  Refusal,
  RespondOutcome,
  StreamRequest,
  TrailersOutcome,
} from "./decision.ts";
export { type FilterFailure, FilterStartError, type FilterStartReason } from "./failures.ts";
export { FilterHandover, type HandoverStep, type MoveStep, type TakeResult } from "./filter-handover.ts";
export { hasHandover } from "./handover-functions.ts";
export { decodeHeaderMap, encodeHeaderMap } from "./header-codec.ts";
export type { HeaderChange, HeaderList } from "./header-table.ts";
export { HOST_LIMITS } from "./host-limits.ts";
export type { HostServices, OutboundCall, OutboundFailure, OutboundResult, UnservedCall } from "./host-services.ts";
export { HttpStream } from "./http-stream.ts";
export { inspectModule, type ModuleInspection } from "./inspect.ts";
export { FilterInstance } from "./instance.ts";
export type { MetricSnapshot } from "./metric-registry.ts";
export { SharedData } from "./shared-data.ts";
export { createSharedState, type SharedState } from "./shared-state.ts";
export { NO_STAGES, type Stages, type StreamOptions } from "./stages.ts";
export type { InstanceEvents, MemoryWatch, StartOptions } from "./vm.ts";
