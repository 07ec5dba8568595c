import { matchRule, type Service } from "../../config/index.ts";
import { LineLimit } from "../../durable/log/line-limit.ts";
import { rayIn } from "../client-info.ts";
import { verifiedFingerprint } from "../credentials/certificate.ts";
import { readCredential } from "../credentials/read-credential.ts";
import type { Incoming } from "../incoming.ts";
import { headerReader } from "../request-headers.ts";
import { CredentialDigest } from "./credential-digest.ts";
import { type AllowReason, type DecisionOutcome, outcomeOfReply } from "./outcome.ts";

/** Of one isolate, whatever its services are. */
export const DECISION_LIMITS = { lines: 100, intervalMs: 1_000 } as const;

/** A line. No field is a text that a client chooses; docs/logs.md has an example. */
interface DecisionLine {
  readonly event: "decision";
  readonly service: string;
  readonly time: string;
  /** As the filter knows it (`Rule.name`); null if no rule allows the request. */
  readonly rule: string | null;
  /** The rule's path; null for rules that only ask for a decision. */
  readonly pattern: string | null;
  readonly method: string;
  readonly outcome: DecisionOutcome["outcome"];
  readonly reason: DecisionOutcome["reason"];
  /** Of the reply in place of the upstream's; null if the request was allowed. */
  readonly status: number | null;
  readonly tookMs: number;
  /** See `CredentialDigest`; null too if there is none that can be read. */
  readonly credential: string | null;
  readonly cfRay: string | null;
  readonly leftOut?: number;
}

type Context = Pick<ExecutionContext, "waitUntil">;

export interface DecisionLogDependencies {
  /** Name of the gateway's secret. */
  readonly keySecret: string;
  readonly nowMs: () => number;
  /** 0 to 1, without 1. */
  readonly random?: () => number;
  readonly write?: (line: string) => void;
}

/** Logs decisions of the services that want it (`log`), and reads nothing of the requests to others. */
export class DecisionLog {
  readonly #nowMs: () => number;
  readonly #random: () => number;
  readonly #write: (line: string) => void;
  readonly #digest: CredentialDigest;
  readonly #limit = new LineLimit(DECISION_LIMITS);

  constructor({
    keySecret,
    nowMs,
    random = Math.random,
    write = (line) => console.log(line),
  }: DecisionLogDependencies) {
    this.#nowMs = nowMs;
    this.#random = random;
    this.#write = write;
    this.#digest = new CredentialDigest(keySecret);
  }

  /** Call before the decision. Undefined if the service's decisions are not logged. */
  begin(incoming: Incoming, ctx: Context): DecisionRecord | undefined {
    if (incoming.service.log === undefined) return undefined;
    const startedMs = this.#nowMs();
    return new DecisionRecord((outcome, status) => this.#note(incoming, ctx, startedMs, outcome, status));
  }

  #note(incoming: Incoming, ctx: Context, startedMs: number, outcome: DecisionOutcome, status: number | null): void {
    const { service, env } = incoming;
    if (!isLogged(service.log, outcome) || this.#random() >= (service.log?.sample ?? 0)) return;
    const nowMs = this.#nowMs();
    const leftOut = this.#limit.take(nowMs);
    if (leftOut === undefined) return;
    const tookMs = Math.max(0, Math.round(nowMs - startedMs));
    const credential = credentialOf(incoming);
    const writing = credential === null ? Promise.resolve(null) : this.#digest.of(credential, env);
    const write = (digest: string | null) => {
      const line: DecisionLine = {
        event: "decision",
        service: service.name,
        time: new Date(nowMs).toISOString(),
        ...ruleOf(incoming),
        method: METHODS.has(incoming.method) ? incoming.method : "other",
        outcome: outcome.outcome,
        reason: outcome.reason,
        status,
        tookMs,
        credential: digest,
        cfRay: rayIn(incoming.request.headers),
        ...(leftOut > 0 ? { leftOut } : {}),
      };
      this.#write(JSON.stringify(line));
    };
    ctx.waitUntil(writing.then(write, () => write(null)));
  }
}

/** One request's decision. */
export class DecisionRecord {
  readonly #note: (outcome: DecisionOutcome, status: number | null) => void;

  constructor(note: (outcome: DecisionOutcome, status: number | null) => void) {
    this.#note = note;
  }

  allowed(reason: AllowReason): void {
    this.#note({ outcome: "allowed", reason }, null);
  }

  /** It passes, because the service only reports. @param status of the reply that it would have got */
  reportOnly(status: number): void {
    this.#note({ outcome: "allowed", reason: "report_only" }, status);
  }

  /** A reply goes to the client in place of the upstream's. */
  replied({ status, headers }: Response): void {
    this.#note(outcomeOfReply(status, headers.get("x-ebb-reason")), status);
  }

  failed(): void {
    this.#note({ outcome: "undecided", reason: "internal_error" }, 503);
  }
}

/** Others are rare, and a client could choose them. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

function isLogged(log: Service["log"], { outcome, reason }: DecisionOutcome): boolean {
  return log?.decisions === "all" || outcome !== "allowed" || reason === "report_only";
}

function ruleOf({ service, method, target }: Incoming): Pick<DecisionLine, "rule" | "pattern"> {
  const match = matchRule(service, method, target.path);
  if (match.kind !== "authorize") return { rule: null, pattern: null };
  const rules = service.rules.filter(({ name }) => name === match.ruleName);
  // One name may be that of several rules.
  return { rule: match.ruleName, pattern: rules.length === 1 ? rules[0]!.path : null };
}

/** The credential that counts, wherever it is verified; null for filters that have places of their own. */
function credentialOf({ service, request, receivedQuery, asksWebSocket }: Incoming): string | null {
  if (service.filterKind.kind === "other") return null;
  const found = readCredential(service.filterKind.credentials, {
    header: headerReader(request.headers),
    query: receivedQuery,
    asksWebSocket,
    certificate: () => verifiedFingerprint(request.cf),
  });
  return found.kind === "found" ? found.text : null;
}
