import { introspectedSubject } from "../../config/authorization-parts.ts";
import type { Service } from "../../config/index.ts";
import type { Contact } from "./reachability.ts";
import { beforeRepeat, type Send } from "./send-call.ts";

/** How to probe a server. Nothing in a probe comes from a client. */
export interface ProbeTarget {
  readonly method: string;
  readonly path: string;
  /** When the server is down, a balancer in front of it answers 502-504 instead. */
  readonly behindBalancer: boolean;
}

/**
 * The probes of a service's clusters by name: a GET of the path that the operator chose, or else the check itself without a
 * credential. Only the built-in filter's servers are probed; other filters handle missing answers themselves.
 */
export function probeTargets({
  filterKind,
  clusters,
}: Pick<Service, "filterKind" | "clusters">): Map<string, ProbeTarget> {
  const targets = new Map<string, ProbeTarget>();
  if (filterKind.kind !== "built-in") return targets;
  const { authorization } = filterKind;
  const checks = [
    { ...authorization, method: authorization.protocol === "forward-auth" ? authorization.method : "POST" },
  ];
  const subject = introspectedSubject(authorization);
  for (const { cluster, method, path } of [...checks, ...(subject ? [{ ...subject, method: "POST" }] : [])]) {
    const probe = clusters[cluster]?.probe;
    if (targets.has(cluster)) continue;
    targets.set(cluster, {
      method: probe?.path === undefined ? method : "GET",
      path: probe?.path ?? path,
      behindBalancer: probe?.behindBalancer ?? false,
    });
  }
  return targets;
}

/** With these statuses, proxies in between report that the server itself did not answer; 520 and above are Cloudflare's. */
export function contactOf(status: number): Contact {
  const isGatewayError = (status >= 502 && status <= 504) || (status >= 520 && status <= 527) || status === 530;
  return isGatewayError ? "gateway_error" : "answer";
}

/** Sends one probe. The head of an answer is enough. Never rejects. */
export async function probe(
  { method, path }: ProbeTarget,
  baseUrl: string,
  send: Send,
  timeoutMs: number,
): Promise<Contact> {
  const abort = new AbortController();
  const { promise: timedOut, resolve } = Promise.withResolvers<Contact>();
  // Never cleared: a cleared timer leaks native memory (deadline-timer.ts), and this one is short.
  setTimeout(() => {
    resolve("silence");
    abort.abort();
  }, timeoutMs);
  const attempt = async (): Promise<Contact> => {
    const response = await send(
      new Request(baseUrl + path, { method, signal: abort.signal, redirect: "manual", cache: "no-store" }),
    );
    response.body?.cancel().catch(() => {});
    return contactOf(response.status);
  };
  const once = () => attempt().catch((): Contact => "silence");
  const twice = async (): Promise<Contact> => {
    const first = await once();
    if (first !== "silence") return first;
    await beforeRepeat();
    return abort.signal.aborted ? first : once();
  };
  return Promise.race([twice(), timedOut]);
}
