import { EventLog } from "../log/events.ts";
import { withTimeout } from "../runtime/async.ts";
import {
  type BudgetAction,
  type BudgetMarks,
  type BudgetMember,
  type BudgetReason,
  budgetAction,
  type ReclaimRequest,
} from "./budget-action.ts";
import type { IsolateMemory, MemoryOwner } from "./isolate-memory.ts";
import type { Reclaimer } from "./reclaimer.ts";

/** What a member reports with each sample. Sizes in bytes, price in outbound calls. See BudgetMember. */
export type MemberReport = Pick<BudgetMember, "gainBytes" | "evictionGainBytes" | "priceCalls">;

/**
 * Asks a service object to restart its filter. An object cannot act inside another one, so the object that finds the budget
 * short calls it over RPC. `name` is the name under which the other one reported.
 */
export type AskToReclaim = (name: string, request: ReclaimRequest) => Promise<unknown>;

export interface BudgetSnapshot {
  readonly highBytes: number;
  readonly hardBytes: number;
  readonly heldBytes: number;
  /** It was above the high mark and has not been below the low mark since. */
  readonly relieving: boolean;
  /** Result of the last check. */
  readonly reason: BudgetReason;
  /** How often members were asked to restart, by kind, and how often that failed. */
  readonly restartsAsked: number;
  readonly evictionsAsked: number;
  readonly requestsFailed: number;
  /** Collections forced to find out whether idle objects were evicted. */
  readonly probes: number;
  /** Without the name, which not everyone may see who sees the isolate's memory; the log has it (`budget`). */
  readonly lastAsked: { readonly relief: ReclaimRequest; readonly atMs: number } | null;
  readonly members: number;
}

/** The platform evicts an idle object after 10 s; five more for the eviction itself. */
const IDLE_MS = 15_000;
/** A request without an answer after this time is lost: it must not block requests to other members. */
const LOST_REQUEST_MS = 30_000;

interface Member {
  owner: number;
  report: MemberReport;
  askedAtMs: number | undefined;
  /** Identifies the request in progress, so that a lost one that ends late is not mistaken for its successor. */
  request: symbol | undefined;
}

/**
 * Watches the total memory of all filters in the isolate, and asks the best one to restart before the platform resets all of
 * them. It runs in the tasks of the object that finds the budget short.
 */
export class IsolateBudget {
  readonly #memory: IsolateMemory;
  readonly #reclaimer: Reclaimer;
  readonly #marks: BudgetMarks;
  readonly #nowMs: () => number;
  readonly #log: EventLog;
  readonly #members = new Map<string, Member>();
  #reclaiming = false;
  #reason: BudgetReason = "below_high_mark";
  #asked: Record<ReclaimRequest, number> = { restart: 0, evict: 0 };
  #failed = 0;
  #probes = 0;
  #lastAsked: BudgetSnapshot["lastAsked"] = null;

  constructor(
    memory: IsolateMemory,
    reclaimer: Reclaimer,
    marks: BudgetMarks,
    nowMs: () => number,
    log = new EventLog(null, nowMs),
  ) {
    this.#log = log;
    this.#memory = memory;
    this.#reclaimer = reclaimer;
    this.#marks = marks;
    this.#nowMs = nowMs;
  }

  /** Reports what the object of this name would free now, and at what price. */
  report(owner: MemoryOwner, name: string, report: MemberReport): void {
    const known = this.#members.get(name);
    if (known === undefined) {
      this.#members.set(name, { owner: owner.number, report, askedAtMs: undefined, request: undefined });
    } else {
      known.owner = owner.number;
      known.report = report;
    }
  }

  /** See `BudgetMarks.hardBytes`. */
  get hardBytes(): number {
    return this.#marks.hardBytes;
  }

  /** So close to the limit that requests should wait for memory that is about to be freed. */
  get isFull(): boolean {
    return this.#memory.heldBytes > this.#marks.hardBytes;
  }

  /** Whether there is released memory that a collection will free. */
  get isComingBack(): boolean {
    return this.#memory.ledger.reclaimable.bytes > 0 && !this.#reclaimer.hasGivenUp;
  }

  /** Whether `reclaim` has something to do. Cheap enough to check after every answer. */
  get isShort(): boolean {
    const { lowBytes, highBytes } = this.#marks;
    return this.#memory.heldBytes > (this.#reclaiming ? lowBytes : highBytes);
  }

  /**
   * Takes steps until the budget is no longer short or nothing more can be done now. Call it in a task of an object in which
   * no request waits. Never rejects: a member that cannot be asked is asked again later.
   */
  async reclaim(ask: AskToReclaim): Promise<void> {
    // Each step asks another member, and the last one finds none left to ask.
    for (let step = 0; step <= this.#members.size; step += 1) {
      const action = this.#decide();
      this.#collect(action);
      if (action.ask === undefined) return;
      await this.#ask(action.ask, ask);
    }
  }

  snapshot(): BudgetSnapshot {
    return {
      highBytes: this.#marks.highBytes,
      hardBytes: this.#marks.hardBytes,
      heldBytes: this.#memory.heldBytes,
      relieving: this.#reclaiming,
      reason: this.#reason,
      restartsAsked: this.#asked.restart,
      evictionsAsked: this.#asked.evict,
      requestsFailed: this.#failed,
      probes: this.#probes,
      lastAsked: this.#lastAsked,
      members: this.#members.size,
    };
  }

  #decide(): BudgetAction {
    const nowMs = this.#nowMs();
    const { ledger } = this.#memory;
    ledger.stamp(nowMs);
    this.#reclaiming = this.isShort;
    const provokedAtMs = this.#reclaimer.provokedAtMs ?? Number.NEGATIVE_INFINITY;
    const situation = {
      nowMs,
      heldBytes: this.#memory.heldBytes,
      reclaimableBytes: ledger.reclaimable.bytes,
      // Memory that survived the last collection belongs to objects that were not evicted: it does not count again.
      idleBytes: ledger.idleBytes(nowMs - IDLE_MS, provokedAtMs - IDLE_MS),
      reclaiming: this.#reclaiming,
    };
    const action = budgetAction(this.#membersNow(nowMs), situation, this.#marks);
    this.#reason = action.reason;
    return action;
  }

  #membersNow(nowMs: number): BudgetMember[] {
    return [...this.#members].map(([name, { owner, report, askedAtMs, request }]): BudgetMember => {
      const liveBytes = this.#memory.ledger.liveBytesOf(owner);
      return {
        name,
        liveBytes,
        // The report may come from an object that was evicted since.
        gainBytes: Math.min(report.gainBytes, liveBytes),
        evictionGainBytes: Math.min(report.evictionGainBytes, liveBytes),
        priceCalls: report.priceCalls,
        askedUnderWay: request !== undefined && nowMs - (askedAtMs ?? nowMs) < LOST_REQUEST_MS,
        askedAtMs,
      };
    });
  }

  #collect({ collect }: BudgetAction): void {
    if (collect === "reclaim") this.#reclaimer.look(true);
    if (collect === "probe" && this.#reclaimer.probe()) this.#probes += 1;
  }

  async #ask({ name, request }: { name: string; request: ReclaimRequest }, ask: AskToReclaim): Promise<void> {
    const member = this.#members.get(name);
    if (member === undefined) return;
    const atMs = this.#nowMs();
    const id = Symbol(name);
    member.askedAtMs = atMs;
    member.request = id;
    this.#asked[request] += 1;
    this.#lastAsked = { relief: request, atMs };
    const { gainBytes, evictionGainBytes, priceCalls } = member.report;
    const act = {
      ...{ service: name, isolateId: this.#memory.isolateId, request, reason: this.#reason },
      heldBytes: this.#memory.heldBytes,
      ...{ highBytes: this.#marks.highBytes, hardBytes: this.#marks.hardBytes },
      expectedGainBytes: Math.round(request === "evict" ? evictionGainBytes : gainBytes),
      expectedPriceCalls: Math.round(priceCalls),
    };
    let failure: string | null = null;
    try {
      if (!(await withTimeout(ask(name, request), LOST_REQUEST_MS))) throw new Error("no answer");
    } catch (error) {
      this.#failed += 1;
      failure = String(error);
    } finally {
      this.#log.write("budget", { ...act, error: failure });
      if (member.request === id) member.request = undefined;
    }
  }
}
