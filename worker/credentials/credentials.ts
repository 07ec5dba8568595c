import { VERIFIED_ISSUER_HEADER } from "../../config/header-names.ts";
import type { Gateway, Service } from "../../config/index.ts";
import type { WorkerTask } from "../../config/worker-tasks.ts";
import type { Runtime } from "../../durable/runtime/runtime.ts";
import type { HeaderChange } from "../../wasm/host/index.ts";
import type { WorkerCounter } from "../counts/worker-counter.ts";
import type { Incoming } from "../incoming.ts";
import { KeptValues } from "../kept/kept-values.ts";
import { sharedMemory } from "../kept/shared-memory.ts";
import { rateLimitedLog } from "../rate-limited-log.ts";
import { errorResponse } from "../replies.ts";
import { headerReader } from "../request-headers.ts";
import { verifiedFingerprint } from "./certificate.ts";
import type { Identity } from "./identity.ts";
import { type FoundCredential, readCredential } from "./read-credential.ts";
import { insufficientClaims, insufficientScope, unauthorized } from "./refusals.ts";
import { lackOf } from "./requirements.ts";
import { type ServiceCredentials, serviceCredentials } from "./service-credentials.ts";
import { removedCredentials } from "./upstream-credentials.ts";
import type { Verdict, Verified, VerifierIo } from "./verdict.ts";

/** How long a result is kept at most: so long may a purge take to reach every isolate. */
export const VERIFIED_FOR_MS = 60_000;

/** What the object is told about a credential. */
export interface Told {
  /** For the filter in place of the client's. */
  readonly headers: Readonly<Record<string, string>>;
  /** What has been done with it. */
  readonly tasks: readonly WorkerTask[];
}

export type Checked =
  /** Decided: the request may pass with these changes. */
  | { readonly kind: "pass"; readonly changes: readonly HeaderChange[] }
  /** The object decides. It is told the credential; the upstream gets the changes besides those of the decision. */
  | { readonly kind: "ask"; readonly told: Told; readonly changes: readonly HeaderChange[] }
  | { readonly kind: "refused"; readonly reply: Response };

/** What a check works on. */
interface Check {
  readonly incoming: Incoming;
  readonly credentials: ServiceCredentials;
  readonly ruleName: string;
  readonly found: Extract<FoundCredential, { kind: "found" }>;
  readonly ctx: Pick<ExecutionContext, "waitUntil">;
}

/** Finds and verifies credentials in the Worker, for the services that want it, and keeps what was verified for a while. */
export class Credentials {
  readonly #nowMs: () => number;
  readonly #counter: WorkerCounter;
  readonly #services: ReadonlyMap<Service, ServiceCredentials>;
  readonly #kept: KeptValues<Verified>;

  constructor({ services }: Gateway, runtime: Pick<Runtime, "nowMs" | "isolate">, counter: WorkerCounter) {
    this.#nowMs = () => runtime.nowMs();
    this.#counter = counter;
    this.#services = new Map(
      services.flatMap((service) => {
        const credentials = serviceCredentials(service);
        return credentials === undefined ? [] : [[service, credentials] as const];
      }),
    );
    this.#kept = new KeptValues(sharedMemory(runtime));
  }

  /** Undefined if the filter finds the credential itself. A promise only if the credential has to be verified. */
  check(
    incoming: Incoming,
    ruleName: string,
    ctx: Pick<ExecutionContext, "waitUntil">,
  ): Checked | Promise<Checked> | undefined {
    const { service, request, receivedQuery, asksWebSocket } = incoming;
    const credentials = this.#services.get(service);
    if (credentials === undefined) return undefined;
    const header = headerReader(request.headers);
    const certificate = verifiedFingerprint(request.cf);
    const found = readCredential(credentials.sources, { header, query: receivedQuery, asksWebSocket, certificate });
    if (found.kind !== "found") {
      this.#counter.count(incoming, ctx, "refusedEarly");
      const reason = found.kind === "missing" ? "missing_credential" : "malformed_credential";
      return { kind: "refused", reply: unauthorized(service, credentials.sources, reason) };
    }
    const check: Check = { incoming, credentials, ruleName, found, ctx };
    if (credentials.verify === undefined) {
      return { kind: "ask", told: toldCredential(check), changes: removedBeside(check) };
    }
    const io = this.#io(check);
    const nowMs = io.nowMs();
    const key = this.#kept.keyOf(`${service.name} ${found.text}`);
    const kept = this.#kept.find(key, nowMs);
    if (kept?.isStillProved(io)) return this.#judge(check, kept.identity, true);
    return credentials.verify(found.text, io).then((verdict) => this.#verified(check, key, nowMs, verdict));
  }

  /** A purge: here it takes effect at once. */
  forget(service: string): void {
    this.#kept.forget(service);
  }

  #io({ incoming, ctx }: Check): VerifierIo {
    return { env: incoming.env, nowMs: this.#nowMs, waitUntil: (work) => ctx.waitUntil(work) };
  }

  #verified(check: Check, key: string, nowMs: number, verdict: Verdict): Checked {
    const { incoming, credentials, ctx } = check;
    const { service } = incoming;
    switch (verdict.kind) {
      case "invalid":
        this.#counter.count(incoming, ctx, "refusedEarly");
        return { kind: "refused", reply: unauthorized(service, credentials.sources, verdict.reason) };
      case "undecided":
        this.#counter.count(incoming, ctx, "undecided");
        rateLimitedLog.error(`${service.name}: ${verdict.reason}: ${verdict.message}`);
        return { kind: "refused", reply: errorResponse(503, verdict.reason) };
      case "verified": {
        const freshForMs = Math.min(verdict.endsInMs, VERIFIED_FOR_MS);
        const { bytes } = verdict.identity;
        if (freshForMs > 0) {
          this.#kept.keep(key, { service: service.name, value: verdict, bytes, askedAtMs: nowMs, freshForMs });
        }
        return this.#judge(check, verdict.identity, false);
      }
    }
  }

  /** Compares with the rule, and decides or lets the object decide. */
  #judge(check: Check, identity: Identity, isKept: boolean): Checked {
    const { incoming, credentials, ruleName, ctx } = check;
    const { service } = incoming;
    const required = credentials.requirements.get(ruleName);
    const lack = required && lackOf(required, identity, credentials.comparison);
    if (required === undefined || lack === undefined) {
      if (!credentials.decides) return toAsk(check, identity);
      this.#countDecided(incoming, ctx, isKept);
      return { kind: "pass", changes: [...removedBeside(check), ...identity.changes] };
    }
    this.#countDecided(incoming, ctx, isKept);
    const { allOf, anyOf } = required.scopes;
    const reply = lack === "scopes" ? insufficientScope(service, [...allOf, ...anyOf]) : insufficientClaims();
    return { kind: "refused", reply };
  }

  #countDecided(incoming: Incoming, ctx: Pick<ExecutionContext, "waitUntil">, isKept: boolean): void {
    this.#counter.count(incoming, ctx, "decided");
    if (isKept) this.#counter.count(incoming, ctx, "decidedFromKept");
  }
}

/** How long a purge may take to reach all isolates, in ms; 0 if no credential is verified in them. */
export function verifiedForMsOf(service: Service): number {
  return serviceCredentials(service)?.verify === undefined ? 0 : VERIFIED_FOR_MS;
}

function toAsk(check: Check, { subject, issuer }: Identity): Checked {
  const changes = removedBeside(check);
  const { tasks } = check.credentials;
  if (!tasks.includes("tell-subject")) return { kind: "ask", told: toldCredential(check), changes };
  // Anything else would not reach the server as it is.
  if (subject === undefined || issuer === undefined || !/^[\x21-\x7e]+$/.test(subject)) {
    rateLimitedLog.error(`${check.incoming.service.name}: a verified token has no sub that can be asked about`);
    return { kind: "refused", reply: errorResponse(503, "claim_unusable") };
  }
  const headers = { authorization: `Bearer ${subject}`, [VERIFIED_ISSUER_HEADER]: issuer };
  return { kind: "ask", told: { headers, tasks }, changes };
}

function toldCredential({ found: { text, isBasic }, credentials: { tasks } }: Check): Told {
  return { headers: { authorization: `${isBasic ? "Basic" : "Bearer"} ${text}` }, tasks };
}

/** Credentials beside the one that decided; none if the upstream gets no credential at all (upstream-authorization.ts). */
function removedBeside({ incoming, credentials, found }: Check): HeaderChange[] {
  if (incoming.service.upstreamAuthorization !== "keep") return [];
  return removedCredentials(credentials.sources, headerReader(incoming.request.headers), found.source);
}
