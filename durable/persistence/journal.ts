import type { FilterHandover } from "../../wasm/host/index.ts";
import {
  hasOutgrown,
  type JournalHead,
  MAX_ADDED_ROWS,
  nextBase,
  readHead,
  withRow,
  writeHead,
} from "./journal-head.ts";
import { HEAD_KEY, rowKey } from "./journal-keys.ts";
import { removeAllRows, removeHead, removeJournal, removeRowsBeside, UNCONFIRMED } from "./journal-places.ts";
import type { RestoreOutcome, WriteOutcome } from "./persistence-stats.ts";
import { type Row, readRow, writeRow } from "./rows.ts";
import type { SealedBox } from "./sealed-box.ts";

/** Chunks are combined into rows of about this size, because each row is billed as one write. */
const ROW_BYTES = 256 * 1_024;
/** Chunks exported before other tasks may run; each takes well below a millisecond. */
const MAX_CHUNKS_PER_STEP = 8;
const FULL_STEP_BYTES = 16 * 1_024;
/** No limit on the memory of the instance that imports the journal; the filter has its own. */
const UNBOUNDED = 0xffff_ffff;

export interface JournalDependencies {
  readonly storage: DurableObjectStorage;
  readonly box: SealedBox;
  readonly service: string;
  readonly nowMs: () => number;
  /** Lets other tasks run. */
  readonly pause: () => Promise<void>;
  /** Called when the storage fails and the journal goes on without what it holds. */
  readonly failed: (what: string, error: unknown) => void;
}

/**
 * A filter's decisions in the object's storage: a base with all of them, then the changes since, and purges. There are two
 * slots, so that one base stays valid until the next is complete. Operations run one after the other.
 *
 * A purge is stored before it is confirmed. Everything else since the last write may be lost with the object.
 */
export class Journal {
  /** The stored journal was damaged or sealed with another secret, and was removed. */
  readonly wasUnreadable: boolean;
  readonly #dependencies: JournalDependencies;
  #head: JournalHead | undefined;
  /** The export session of the last row. Only its ID: a reference to the filter would keep its memory alive. */
  #source: number | undefined;
  #lookedAtMs: number;
  #purgesWaiting = 0;
  #work: Promise<unknown> = Promise.resolve();

  private constructor(dependencies: JournalDependencies, head: JournalHead | undefined, wasUnreadable: boolean) {
    this.#dependencies = dependencies;
    this.wasUnreadable = wasUnreadable;
    this.#head = head;
    this.#lookedAtMs = head?.writtenAtMs ?? 0;
  }

  /** Opens the stored journal. Removes one that cannot be read or was written under another secret. */
  static async open(dependencies: JournalDependencies): Promise<Journal> {
    const { storage, box, service } = dependencies;
    const stored = storage.kv.get(HEAD_KEY);
    const head = stored === undefined ? undefined : readHead(await box.open(stored, headContext(service)));
    // Without a head there may still be rows, from an interrupted write or removal.
    if (head === undefined) await removeJournal(storage);
    return new Journal(dependencies, head, stored !== undefined && head === undefined);
  }

  /** Size and time of the stored journal; undefined if there is none. */
  get stored(): Pick<JournalHead, "rows" | "bytes" | "allocatedBytes" | "writtenAtMs"> | undefined {
    return this.#head;
  }

  /** Time of the last write, or of the last check that found nothing to write. */
  get lookedAtMs(): number {
    return this.#lookedAtMs;
  }

  /**
   * Stores what has changed since the last write, or everything if it cannot continue from there.
   * @param allocatedBytes linear memory of the instance
   * @param goesOn checked before each step; the instance may end, or begin another export session
   */
  write(from: FilterHandover, allocatedBytes: number, goesOn: () => boolean): Promise<WriteOutcome> {
    return this.#inTurn(() => this.#write(from, allocatedBytes, goesOn));
  }

  /**
   * Stores a purge of some credentials or of all decisions before the promise is fulfilled. A write in progress ends early to
   * make way.
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
   * Imports everything into a fresh instance, which must not serve before that. Any outcome but `restored` removes the journal,
   * because it would lack what the next instance learns. The fresh instance must then not serve at all.
   * @param goesOn checked before each row
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
      // The filter would not export again the chunks that we failed to store.
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
      this.#source = from.exportSession;
    }
    let head = goesOnFrom ?? nextBase(this.#head);
    let chunks: Uint8Array[] = [];
    let size = 0;
    let held = 0;
    let heldBytes = 0;
    // Entries used meanwhile are exported again, so under load the export might never end. Stop after as many bytes as the
    // instance has: the chunks exported so far are valid on their own.
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
      // Small chunks are changes since the last pause; a pause after each would cause as many again.
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
      this.#dependencies.failed("storing a purge, so the stored decisions are removed", error);
      await this.#remove();
    }
  }

  async #restore(into: FilterHandover, goesOn: () => boolean): Promise<RestoreOutcome> {
    const head = this.#head;
    if (head === undefined) return "restored";
    const { storage, box } = this.#dependencies;
    for (let index = 0; index < head.rows; index += 1) {
      await this.#dependencies.pause();
      if (!goesOn()) return "given_up";
      const at = { ...head, rows: index };
      const opened = await box.open(storage.kv.get(rowKey(at)), this.#rowContext(at));
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
    // Calls in progress in the instance that wrote the journal are lost.
    into.abandon();
    return "restored";
  }

  /** Removes the journal, head first: without a head, no row is valid. */
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
    return this.#source === from.exportSession;
  }

  async #putHead(head: JournalHead, rows: Record<string, Uint8Array>, options: DurableObjectPutOptions): Promise<void> {
    const { box, service } = this.#dependencies;
    const sealed = await box.seal(writeHead(head), headContext(service));
    await this.#dependencies.storage.put({ ...rows, [HEAD_KEY]: sealed }, options);
    this.#head = head;
  }

  /** Decisions do not wait for the disk. */
  #put(entries: Record<string, Uint8Array>): Promise<void> {
    return this.#dependencies.storage.put(entries, UNCONFIRMED);
  }

  #sealed(at: JournalHead, row: Row): Promise<Uint8Array> {
    return this.#dependencies.box.seal(writeRow(row), this.#rowContext(at));
  }

  #rowContext({ epoch, rows }: JournalHead): string {
    return `ebb journal row\n${this.#dependencies.service}\n${epoch}\n${rows}`;
  }
}

function headContext(service: string): string {
  return `ebb journal head\n${service}`;
}
