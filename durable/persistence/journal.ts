import type { FilterHandover } from "../../wasm/host/index.ts";
import { type Head, hasOutgrown, MAX_ADDED_ROWS, nextBase, readHead, withRow, writeHead } from "./head.ts";
import {
  HEAD_KEY,
  removeAllRows,
  removeHead,
  removeJournal,
  removeRowsBeside,
  rowKey,
  UNCONFIRMED,
} from "./journal-places.ts";
import type { RestoreOutcome, WriteOutcome } from "./persistence-stats.ts";
import { type Row, readRow, writeRow } from "./rows.ts";
import type { Vault } from "./vault.ts";

/** Chunks are put together to rows of about this size: each row is billed as one write. */
const ROW_BYTES = 256 * 1_024;
/** What is told before others get their turn: each chunk takes well below a millisecond. */
const MAX_CHUNKS_PER_STEP = 8;
const FULL_STEP_BYTES = 16 * 1_024;
/** Linear memory that whoever reads it may come to: the filter's own bound holds. */
const UNBOUNDED = 0xffff_ffff;

export interface JournalDependencies {
  readonly storage: DurableObjectStorage;
  readonly vault: Vault;
  readonly service: string;
  readonly nowMs: () => number;
  /** Lets others have their turn. */
  readonly pause: () => Promise<void>;
}

/**
 * The records of a filter's decisions in the object's storage: a base that tells of all of them, then what has changed since,
 * and purges. Two slots, so that one base holds until the next is whole. Whatever is asked of it is done one after the other.
 *
 * A purge is stored when it is confirmed; everything else may be lost with the object, up to the last write.
 */
export class Journal {
  /** Something was stored, by another secret or damaged, and was removed. */
  readonly wasUnreadable: boolean;
  readonly #dependencies: JournalDependencies;
  #head: Head | undefined;
  /** The telling that the last row came from. Its number alone: whoever held the filter would hold its memory. */
  #source: number | undefined;
  #lookedAtMs: number;
  #purgesWaiting = 0;
  #work: Promise<unknown> = Promise.resolve();

  private constructor(dependencies: JournalDependencies, head: Head | undefined, wasUnreadable: boolean) {
    this.#dependencies = dependencies;
    this.wasUnreadable = wasUnreadable;
    this.#head = head;
    this.#lookedAtMs = head?.writtenAtMs ?? 0;
  }

  /** Opens what is stored. What cannot be read, or was written under another secret, is removed. */
  static async open(dependencies: JournalDependencies): Promise<Journal> {
    const { storage, vault, service } = dependencies;
    const stored = storage.kv.get(HEAD_KEY);
    const head = stored === undefined ? undefined : readHead(await vault.open(stored, headContext(service)));
    // Without a head there may still be rows, of a write or a removal that was cut off.
    if (head === undefined) await removeJournal(storage);
    return new Journal(dependencies, head, stored !== undefined && head === undefined);
  }

  /** What is stored, and when it was; undefined while that is nothing. */
  get stored(): Pick<Head, "rows" | "bytes" | "allocatedBytes" | "writtenAtMs"> | undefined {
    return this.#head;
  }

  /** When there was something to write, or would have been. */
  get lookedAtMs(): number {
    return this.#lookedAtMs;
  }

  /**
   * Stores what has changed since the last time, or everything where it cannot go on from there.
   * @param allocatedBytes linear memory of the instance
   * @param goesOn asked before each step; the instance may end, or begin to tell somebody else
   */
  write(from: FilterHandover, allocatedBytes: number, goesOn: () => boolean): Promise<WriteOutcome> {
    return this.#inTurn(() => this.#write(from, allocatedBytes, goesOn));
  }

  /**
   * Stores that decisions were purged, those of some credentials or all. It is so once the promise is fulfilled. A write under
   * way ends early for it.
   */
  async purge(credentials?: readonly string[]): Promise<void> {
    this.#purgesWaiting += 1;
    try {
      await this.#inTurn(() => this.#purge(credentials));
    } finally {
      this.#purgesWaiting -= 1;
    }
  }

  /**
   * Has a fresh instance take everything. It must not serve before, nor where the outcome is another than `restored`: then
   * what is stored is removed, for what the next instance learns would not be in it.
   * @param goesOn asked before each row
   */
  restore(into: FilterHandover, goesOn: () => boolean): Promise<RestoreOutcome> {
    return this.#inTurn(async () => {
      const outcome = await this.#restore(into, goesOn);
      if (outcome !== "restored") await this.#remove();
      return outcome;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => {});
    return done;
  }

  async #write(from: FilterHandover, allocatedBytes: number, goesOn: () => boolean): Promise<WriteOutcome> {
    this.#lookedAtMs = this.#dependencies.nowMs();
    try {
      return await this.#tell(from, allocatedBytes, goesOn);
    } catch (error) {
      // What was told and not stored will not be told again.
      this.#source = undefined;
      throw error;
    }
  }

  async #tell(from: FilterHandover, allocatedBytes: number, goesOn: () => boolean): Promise<WriteOutcome> {
    if (!goesOn()) return "cut_off";
    const goesOnFrom =
      this.#head !== undefined && this.#isSource(from) && !hasOutgrown(this.#head) ? this.#head : undefined;
    if (goesOnFrom === undefined) {
      from.begin(UNBOUNDED);
      this.#source = from.telling;
    }
    let head = goesOnFrom ?? nextBase(this.#head);
    let chunks: Uint8Array[] = [];
    let size = 0;
    let held = 0;
    let heldBytes = 0;
    // What is used meanwhile is told again, under load without end. After as much as there is, what is not told yet waits: what
    // was told first is right without what comes after it.
    for (let toldBytes = 0; toldBytes <= allocatedBytes + ROW_BYTES && this.#purgesWaiting === 0; ) {
      if (!goesOn() || !this.#isSource(from)) return this.#cutOff();
      const step = from.next();
      if (step.kind === "failed") return this.#cutOff();
      if (step.kind === "up-to-date") break;
      chunks.push(step.bytes);
      size += step.bytes.length;
      toldBytes += step.bytes.length;
      if (size >= ROW_BYTES) {
        const row = await this.#sealed(head, { kind: "chunks", chunks });
        await this.#put({ [rowKey(head)]: row });
        head = withRow(head, row);
        chunks = [];
        size = 0;
      }
      held += 1;
      heldBytes += step.bytes.length;
      // Small chunks are news that came in the pause before: one pause for each would bring as many again.
      if (held < MAX_CHUNKS_PER_STEP && heldBytes < FULL_STEP_BYTES) continue;
      await this.#dependencies.pause();
      held = 0;
      heldBytes = 0;
    }
    if (goesOnFrom !== undefined && head === goesOnFrom && size === 0) return "nothing_new";
    const entries: Record<string, Uint8Array> = {};
    if (size > 0) {
      const row = await this.#sealed(head, { kind: "chunks", chunks });
      entries[rowKey(head)] = row;
      head = withRow(head, row);
    }
    if (goesOnFrom === undefined) head = { ...head, baseRows: head.rows, baseBytes: head.bytes };
    await this.#putHead({ ...head, allocatedBytes, writtenAtMs: this.#lookedAtMs }, entries, UNCONFIRMED);
    if (goesOnFrom === undefined) await removeRowsBeside(this.#dependencies.storage, head);
    return "written";
  }

  async #purge(credentials: readonly string[] | undefined): Promise<void> {
    const head = this.#head;
    if (credentials === undefined) return this.#remove();
    if (head === undefined) return;
    if (head.rows - head.baseRows + credentials.length > MAX_ADDED_ROWS) return this.#remove();
    try {
      let next = head;
      const rows: Record<string, Uint8Array> = {};
      for (const credential of credentials) {
        const row = await this.#sealed(next, { kind: "purge", credential });
        rows[rowKey(next)] = row;
        next = withRow(next, row);
      }
      await this.#putHead(next, rows, {});
    } catch (error) {
      console.error(
        `${this.#dependencies.service}: a purge could not be stored, so stored decisions go: ${String(error)}`,
      );
      await this.#remove();
    }
  }

  async #restore(into: FilterHandover, goesOn: () => boolean): Promise<RestoreOutcome> {
    const head = this.#head;
    if (head === undefined) return "restored";
    const { storage, vault } = this.#dependencies;
    for (let index = 0; index < head.rows; index += 1) {
      await this.#dependencies.pause();
      if (!goesOn()) return "given_up";
      const at = { ...head, rows: index };
      const opened = await vault.open(storage.kv.get(rowKey(at)), this.#rowContext(at));
      const row = opened && readRow(opened);
      if (row === undefined) return "unreadable";
      if (row.kind === "purge") {
        into.purgeCredential(row.credential);
        continue;
      }
      for (const chunk of row.chunks) {
        const taken = into.take(chunk);
        if (!taken.ok) return taken.reason === "other_configuration" ? "other_configuration" : "refused";
      }
    }
    // Calls of the instance that wrote it.
    into.abandon();
    return "restored";
  }

  /** Removes all that is stored: its head first, without which no row counts. */
  async #remove(): Promise<void> {
    const { storage } = this.#dependencies;
    this.#source = undefined;
    removeHead(storage);
    this.#head = undefined;
    await removeAllRows(storage);
  }

  #cutOff(): "cut_off" {
    this.#source = undefined;
    return "cut_off";
  }

  #isSource(from: FilterHandover): boolean {
    return this.#source === from.telling;
  }

  async #putHead(head: Head, rows: Record<string, Uint8Array>, options: DurableObjectPutOptions): Promise<void> {
    const { vault, service } = this.#dependencies;
    const sealed = await vault.seal(writeHead(head), headContext(service));
    await this.#dependencies.storage.put({ ...rows, [HEAD_KEY]: sealed }, options);
    this.#head = head;
  }

  /** No decision waits for a disk. */
  #put(entries: Record<string, Uint8Array>): Promise<void> {
    return this.#dependencies.storage.put(entries, UNCONFIRMED);
  }

  #sealed(at: Head, row: Row): Promise<Uint8Array> {
    return this.#dependencies.vault.seal(writeRow(row), this.#rowContext(at));
  }

  #rowContext({ epoch, rows }: Head): string {
    return `ebb journal row\n${this.#dependencies.service}\n${epoch}\n${rows}`;
  }
}

function headContext(service: string): string {
  return `ebb journal head\n${service}`;
}
