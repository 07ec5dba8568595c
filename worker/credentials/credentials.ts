import { VERIFIED_ISSUER_HEADER } from "../../config/header-names.ts";
import type { Credential, Gateway, Service } from "../../config/index.ts";
import type { Runtime } from "../../durable/runtime/runtime.ts";
import { PAGE_HEADERS } from "../../durable/sign-in/sign-in-call.ts";
import type { HeaderChange } from "../../wasm/host/index.ts";
import type { WorkerCounter } from "../counts/worker-counter.ts";
import type { Incoming } from "../incoming.ts";
import { KeptValues } from "../kept/kept-values.ts";
import { sharedMemory } from "../kept/shared-memory.ts";
import { rateLimitedLog } from "../rate-limited-log.ts";
import { badHeaders, errorResponse } from "../replies.ts";
import { headerReader, headersForFilter } from "../request-headers.ts";
import { verifiedFingerprint } from "./certificate.ts";
import type { Identity } from "./identity.ts";
import { type FoundCredential, readCredential } from "./read-credential.ts";
import { insufficientClaims, insufficientScope, unauthorized } from "./refusals.ts";
import { lackOf } from "./requirements.ts";
import { type ServiceCredentials, serviceCredentials } from "./service-credentials.ts";
import { type Told, toldCredential, toldNoCredential } from "./told-credential.ts";
import type { Undecided } from "./undecided.ts";
import { removedCredentials } from "./upstream-credentials.ts";
import type { Verdict, Verified, VerifierIo } from "./verdict.ts";

/** How long a result is kept at most: so long may a purge take to reach every isolate. */
const VERIFIED_FOR_MS = 60_000;

export type Checked =
  /** Decided: the request may pass with these changes. */
  | { readonly kind: "pass"; readonly changes: readonly HeaderChange[] }
  /** The object decides. It is told the credential; the upstream gets the changes besides those of the decision. */
  | { readonly kind: "ask"; readonly told: Told; readonly changes: readonly HeaderChange[] }
  | { readonly kind: "refused"; readonly reply: Response }
  /** Nobody could read the request. */
  | { readonly kind: "unreadable"; readonly reply: Response };

/** What a check works on. */
interface Check {
  readonly incoming: Incoming;
  readonly credentials: ServiceCredentials;
  readonly ruleName: string;
  /** Reads a header of the client's request. */
  readonly header: (name: string) => string | null;
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
    const found = readCredential(credentials.sources, {
      header,
      query: receivedQuery,
      asksWebSocket,
      certificate: () => verifiedFingerprint(request.cf),
    });
    if (found.kind === "missing" && credentials.asksWithout) return toAskWithout(incoming, credentials, header);
    if (found.kind !== "found") {
      const checked = notFound(incoming, ruleName, credentials.sources, found.kind);
      this.#counter.count(incoming, ctx, checked.kind === "unreadable" ? "unreadable" : "refusedEarly");
      return checked;
    }
    const check: Check = { incoming, credentials, ruleName, header, found, ctx };
    if (credentials.verify === undefined) {
      const headers = toldCredential(credentials.sources, found, header);
      return { kind: "ask", told: { headers, tasks: credentials.tasks }, changes: removedBeside(check) };
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

  /** How long other isolates may use results that were purged here, in ms; 0 if none are kept. */
  keptForMs(service: Service): number {
    return this.#services.get(service)?.verify === undefined ? 0 : VERIFIED_FOR_MS;
  }

  #io({ incoming, ctx }: Check): VerifierIo {
    return { env: incoming.env, nowMs: this.#nowMs, waitUntil: (work) => ctx.waitUntil(work) };
  }

  #verified(check: Check, key: string, nowMs: number, verdict: Verdict): Checked {
    const { incoming, credentials, ctx } = check;
    switch (verdict.kind) {
      case "invalid":
        this.#counter.count(incoming, ctx, "refusedEarly");
        return { kind: "refused", reply: unauthorized(check, credentials.sources, verdict.reason) };
      case "undecided":
        return this.#undecided(check, verdict);
      case "verified": {
        const freshForMs = Math.min(verdict.endsInMs, VERIFIED_FOR_MS);
        const { bytes } = verdict.identity;
        if (freshForMs > 0) {
          this.#kept.keep(key, { service: incoming.service.name, value: verdict, bytes, askedAtMs: nowMs, freshForMs });
        }
        return this.#judge(check, verdict.identity, false);
      }
    }
  }

  #undecided({ incoming, ctx }: Check, { reason, message }: Undecided): Checked {
    this.#counter.count(incoming, ctx, `undecided:${reason}`);
    rateLimitedLog.error(`${incoming.service.name}: ${reason}: ${message}`);
    return { kind: "refused", reply: errorResponse(503, reason) };
  }

  /** Compares with the rule, and decides or lets the object decide. */
  #judge(check: Check, identity: Identity, isKept: boolean): Checked {
    const { incoming, credentials, ruleName, ctx } = check;
    const required = credentials.requirements.get(ruleName);
    const lack = required && lackOf(required, identity, credentials.comparison);
    if (required === undefined || lack === undefined) {
      if (!credentials.decides) {
        const asking = toAsk(check, identity);
        return asking.kind === "ask" ? asking : this.#undecided(check, asking);
      }
      this.#countDecided(incoming, ctx, isKept);
      return { kind: "pass", changes: [...removedBeside(check), ...identity.changes] };
    }
    this.#countDecided(incoming, ctx, isKept);
    this.#counter.count(incoming, ctx, "decidedByRule");
    const { allOf, anyOf } = required.scopes;
    const reply = lack === "scopes" ? insufficientScope(check, [...allOf, ...anyOf]) : insufficientClaims();
    return { kind: "refused", reply };
  }

  #countDecided(incoming: Incoming, ctx: Pick<ExecutionContext, "waitUntil">, isKept: boolean): void {
    this.#counter.count(incoming, ctx, "decided");
    if (isKept) this.#counter.count(incoming, ctx, "decidedFromKept");
  }
}

/** The server may begin a login. It sees nothing of the places of credentials, and neither does the upstream. */
function toAskWithout(
  { service }: Incoming,
  { sources, tasks }: ServiceCredentials,
  header: (name: string) => string | null,
): Checked {
  return {
    kind: "ask",
    told: {
      headers: toldNoCredential(sources, header),
      tasks: [...tasks, "found-none"],
      furtherHeaders: PAGE_HEADERS,
    },
    changes: service.upstreamAuthorization === "keep" ? removedCredentials(sources, header, undefined) : [],
  };
}

/** Why a request has no credential that can be read. */
function notFound(
  incoming: Incoming,
  ruleName: string,
  sources: readonly Credential[],
  kind: "missing" | "malformed",
): Checked {
  const { service, request, client } = incoming;
  const refused = { incoming, ruleName };
  if (kind === "missing") return { kind: "refused", reply: unauthorized(refused, sources, "missing_credential") };
  const { credentialHeaders: neededHeaders, identityHeaders } = service;
  const head = headersForFilter(request.headers, { neededHeaders, identityHeaders }, client);
  return head.ok
    ? { kind: "refused", reply: unauthorized(refused, sources, "malformed_credential") }
    : { kind: "unreadable", reply: badHeaders(head.reason) };
}

function toAsk(check: Check, { subject, issuer }: Identity): Extract<Checked, { kind: "ask" }> | Undecided {
  const { credentials, found } = check;
  const { sources, tasks } = credentials;
  const changes = removedBeside(check);
  if (!tasks.includes("tell-subject")) {
    const headers = toldCredential(sources, found, check.header);
    return { kind: "ask", told: { headers, tasks }, changes };
  }
  // Anything else would not reach the server as it is.
  if (subject === undefined || issuer === undefined || !/^[\x21-\x7e]+$/.test(subject)) {
    return {
      kind: "undecided",
      reason: "claim_unusable",
      message: "a verified token has no sub that can be asked about",
    };
  }
  const headers = { authorization: `Bearer ${subject}`, [VERIFIED_ISSUER_HEADER]: issuer };
  return { kind: "ask", told: { headers, tasks }, changes };
}

/** Credentials beside the one that decided; none if the upstream gets no credential at all (upstream-authorization.ts). */
function removedBeside({ incoming, credentials, header, found }: Check): HeaderChange[] {
  if (incoming.service.upstreamAuthorization !== "keep") return [];
  return removedCredentials(credentials.sources, header, found.source);
}
