import { failsOpen, type Gates } from "../../config/fails-open.ts";
import type { EventLog } from "../log/events.ts";
import type { Reachability, ServerState } from "./reachability.ts";

export interface LoggedServer {
  readonly service: Pick<Gates, "filterKind">;
  readonly cluster: string;
  readonly reachability: Reachability;
  readonly events: EventLog;
  readonly nowMs: () => number;
  /** Called when the state changes. */
  readonly stateChanged: () => void;
}

/**
 * Writes a line whenever an authorization server's state changes, because decisions then depend on it.
 * @returns what to call after each probe
 */
export function serverStateLog(server: LoggedServer): () => void {
  const { cluster, reachability, events, stateChanged } = server;
  let shown: ServerState = "answering";
  const logGate = gateLog(server);
  return () => {
    const { state, failedProbes, suspectedMs = null } = reachability;
    logGate();
    if (state === shown || (state === "suspected" && shown === "answering")) return;
    shown = state;
    stateChanged();
    events.write("server_state", { cluster, state, sinceMs: suspectedMs, failedProbes });
  };
}

/** Says when requests begin to pass because of this server, and when that ends. */
function gateLog({ service, cluster, reachability, events, nowMs }: LoggedServer): () => void {
  let openSinceMs: number | undefined;
  return () => {
    const { state, failedProbes, suspectedMs } = reachability;
    const isOpen = state === "unreachable" && failsOpen(service);
    const now = nowMs();
    if (isOpen && openSinceMs === undefined) {
      openSinceMs = now;
      const silentMs = Math.max(0, now - (suspectedMs ?? now));
      events.write("gate_opened", { gate: "failOpen", cluster, failedProbes, silentMs });
    } else if (!isOpen && openSinceMs !== undefined) {
      const openMs = Math.max(0, now - openSinceMs);
      openSinceMs = undefined;
      events.write("gate_closed", { gate: "failOpen", cluster, state, openMs });
    }
  };
}
