import { type AbiVersion, createSharedState, type SharedState } from "../../index.ts";
import { FakeServices } from "../../testing/fake-services.setup.ts";
import { CALLBACK_NAMES, type Callback, callbackArity, callbackShape } from "./abi-table.ts";
import { Guest, type Scripted } from "./guest.ts";
import { type Instruction, returnValue } from "./instructions.ts";
import { CARRIED_OUT, ENTERED, Opcode } from "./protocol.ts";

/**
 * The script of a callback: a generator of instructions. A number it returns is the callback's result; without one, the
 * callback lets everything pass.
 */
export type Script = (guest: Guest, ...parameters: number[]) => Scripted<unknown>;
export type Scripts = Readonly<Partial<Record<Callback, Script>>>;

interface Frame {
  readonly callback: Callback;
  readonly script: Scripted<unknown>;
}

/** Callbacks that occur in every test and would hide the relevant ones. */
const UNRECORDED: ReadonlySet<Callback> = new Set<Callback>(["memory_allocate"]);

/**
 * Controls the puppet: an embedder whose answers run a test's scripts inside the guest's callbacks (see protocol.ts). It
 * records every call into the guest.
 */
export class Director extends FakeServices {
  /** Every callback with its arguments, in order: `request_headers(2, 4, 1)`. */
  readonly events: string[] = [];
  /** Callbacks that began while another one ran: there must be none. */
  readonly nested: string[] = [];
  /** Errors thrown by scripts. They must not reach the host, which would treat them as traps. */
  readonly mistakes: unknown[] = [];
  scripts: Scripts = {};
  override readonly shared: SharedState;
  readonly #abi: AbiVersion;
  readonly #frames: Frame[] = [];
  #outbox: Uint8Array[] = [];

  constructor(abi: AbiVersion, shared = createSharedState()) {
    super();
    this.#abi = abi;
    this.shared = shared;
  }

  /** Clears the records so far, usually those of the start. */
  clear(): void {
    this.events.length = 0;
    this.lines.length = 0;
    this.levels.length = 0;
  }

  override hasCluster(name: string): boolean {
    const report = reportOf(name);
    if (report === undefined) return super.hasCluster(name);
    if (report.kind === ENTERED) this.#enter(report.bytes);
    else this.#advance(report.bytes);
    return false;
  }

  override randomBytes(into: Uint8Array): void {
    const next = this.#outbox.shift();
    if (next === undefined) super.randomBytes(into);
    else into.set(next);
  }

  #enter(report: Uint8Array): void {
    const view = new DataView(report.buffer);
    const callback = CALLBACK_NAMES[view.getUint32(0, true)]!;
    const args = Array.from({ length: callbackArity(callback, this.#abi) }, (_, index) =>
      view.getUint32(4 + 4 * index, true),
    );
    const event = `${callback}(${args.join(", ")})`;
    if (!UNRECORDED.has(callback)) {
      this.events.push(event);
      if (this.#frames.length > 0) this.nested.push(`${event} in ${this.#frames.at(-1)?.callback}`);
    }
    const script = this.scripts[callback] ?? doNothing;
    this.#frames.push({ callback, script: script(new Guest(this.#abi, this.#frames.length), ...args) });
    this.#advance(undefined);
  }

  /** Runs the next step of the innermost script and puts its instruction into the outbox. */
  #advance(report: Uint8Array | undefined): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) return;
    const { result = 0 } = callbackShape(frame.callback);
    try {
      const step = report === undefined ? frame.script.next() : frame.script.next(report);
      this.#send(step.done ? returnValue(typeof step.value === "number" ? step.value : result) : step.value);
    } catch (mistake) {
      this.mistakes.push(mistake);
      this.#send(returnValue(result));
    }
  }

  #send(instruction: Instruction): void {
    const opcode = new DataView(instruction.buffer).getUint32(0, true);
    // After these the frame is gone in any case.
    if (opcode === Opcode.RETURN) this.#frames.pop();
    if (opcode === Opcode.TRAP || opcode === Opcode.EXHAUST_STACK || opcode === Opcode.EXIT) this.#frames.length = 0;
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, instruction.length, true);
    this.#outbox = [size, instruction];
  }
}

function reportOf(name: string): { kind: string; bytes: Uint8Array } | undefined {
  const kind = [ENTERED, CARRIED_OUT].find((prefix) => name.startsWith(prefix));
  if (kind === undefined) return undefined;
  const bytes = new Uint8Array((name.length - kind.length) / 2);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(name.slice(kind.length + 2 * index, kind.length + 2 * index + 2), 16);
  }
  return { kind, bytes };
}

const doNothing = returning(undefined);

/** A script that only returns. */
export function returning(result: number | undefined): Script {
  // biome-ignore lint/correctness/useYield: there is nothing to do before
  return function* () {
    return result;
  };
}
