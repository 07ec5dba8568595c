import { type AbiVersion, decodeHeaderMap, encodeHeaderMap, type HeaderList } from "../../index.ts";
import { FUNCTION_NAMES, type ImportedFunction, type Parameter, parametersOf } from "./abi-table.ts";
import type { Instruction, RawArgument } from "./instructions.ts";
import * as instructions from "./instructions.ts";
import { StreamType } from "./numbers.ts";
import { type AllocatorMode, Layout, MAX_REPORT_BYTES } from "./protocol.ts";

/** A part of a script: instructions go out, reports come in. Run it with `yield*`. */
export type Scripted<T> = Generator<Instruction, T, Uint8Array>;

/** Texts and header lists are passed as address and size, as a guest has them. */
export type Argument = number | bigint | string | Uint8Array | HeaderList;

/** The result of a host function. Out parameters it did not write read as UNTOUCHED. */
export interface Answer {
  readonly status: number;
  /** The u32 of each out parameter, in order. */
  readonly outs: readonly number[];
  /** The eight bytes of the first `out64`, if there is one. */
  readonly out64: bigint;
}

/** The bytes a host function returned through its first two out parameters, address and size. */
export interface ReturnedBytes extends Answer {
  readonly pointer: number;
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** The guest as seen by its scripts: everything a filter can do inside a callback. */
export class Guest {
  readonly #abi: AbiVersion;
  readonly #depth: number;

  /** @param depth number of calls into the guest around this one */
  constructor(abi: AbiVersion, depth: number) {
    this.#abi = abi;
    this.#depth = depth;
  }

  /** Calls a host function. `args` omits the out parameters; the guest has room for them. */
  *call(name: ImportedFunction, ...args: readonly Argument[]): Scripted<Answer> {
    const raw: RawArgument[] = [];
    let outAt = this.outAddress;
    let next = 0;
    for (const parameter of parametersOf(name)) {
      if (isOut(parameter)) {
        raw.push(outAt);
        outAt += 8;
      } else {
        raw.push(rawArgument(args[next++]));
      }
    }
    if (next !== args.length) throw new Error(`${name} takes ${next} arguments, not ${args.length}`);
    return yield* this.#answer(name, raw);
  }

  /** Like `call`; returns only the status. */
  *status(name: ImportedFunction, ...args: readonly Argument[]): Scripted<number> {
    return (yield* this.call(name, ...args)).status;
  }

  /** Like `call`, for functions whose first two out parameters are the address and the size of bytes. */
  *ask(name: ImportedFunction, ...args: readonly Argument[]): Scripted<ReturnedBytes> {
    const answer = yield* this.call(name, ...args);
    const [pointer = 0, size = 0] = answer.outs;
    const bytes = answer.status === 0 ? yield* this.read(pointer, size) : new Uint8Array(0);
    return { ...answer, pointer, size, bytes, text: new TextDecoder().decode(bytes) };
  }

  /** Calls with every WebAssembly parameter as a number, including addresses of out parameters. */
  *raw(name: ImportedFunction, ...args: readonly (number | bigint)[]): Scripted<Answer> {
    return yield* this.#answer(name, args);
  }

  /** A property by its dotted path. */
  *property(path: string): Scripted<ReturnedBytes> {
    return yield* this.ask("proxy_get_property", path.replaceAll(".", "\0"));
  }

  *header(map: number, name: string): Scripted<ReturnedBytes> {
    return yield* this.ask("proxy_get_header_map_value", map, name);
  }

  /** All pairs of a map; undefined if it cannot be decoded. */
  *pairs(map: number): Scripted<HeaderList | undefined> {
    return decodeHeaderMap((yield* this.ask("proxy_get_header_map_pairs", map)).bytes);
  }

  /** A whole buffer, requested as SDKs do. */
  *buffer(type: number, start = 0, size = 0xffff_ffff): Scripted<ReturnedBytes> {
    return yield* this.ask("proxy_get_buffer_bytes", type, start, size);
  }

  /** Logs a line at level info. */
  *log(line: string): Scripted<number> {
    return yield* this.status("proxy_log", 2, line);
  }

  /** An outbound call to an existing cluster; returns its id. */
  *httpCall(path = "/check", body = "", timeoutMs = 500): Scripted<number> {
    const headers: HeaderList = [
      [":method", "GET"],
      [":path", path],
      [":authority", "auth"],
    ];
    return (yield* this.call("proxy_http_call", "auth", headers, body, "", timeoutMs)).outs[0] ?? 0;
  }

  *respond(status: number, details = "", body = "", headers: HeaderList = []): Scripted<number> {
    return yield* this.status("proxy_send_local_response", status, details, body, headers, -1);
  }

  /** Continues a message of the current context, with this version's function. */
  *resume(message: "request" | "response"): Scripted<number> {
    if (this.#abi === "0.1.0") return yield* this.status(`proxy_continue_${message}`);
    const type = message === "request" ? StreamType.REQUEST : StreamType.RESPONSE;
    return yield* this.status("proxy_continue_stream", type);
  }

  /** Address of the first out parameter of `call`; the others follow every eight bytes. */
  get outAddress(): number {
    return Layout.OUT + 256 * this.#depth;
  }

  *read(address: number, size: number): Scripted<Uint8Array> {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += MAX_REPORT_BYTES) {
      bytes.set(yield instructions.read(address + at, Math.min(MAX_REPORT_BYTES, size - at)), at);
    }
    return bytes;
  }

  *write(address: number, bytes: Uint8Array): Scripted<void> {
    yield instructions.write(address, bytes);
  }

  /** Puts an argument into the guest's own memory. */
  *place(argument: Argument): Scripted<{ address: number; size: number }> {
    const bytes = rawArgument(argument);
    if (!(bytes instanceof Uint8Array)) throw new Error("a number has no place");
    const address = yield* this.allocate(bytes.length);
    yield* this.write(address, bytes);
    return { address, size: bytes.length };
  }

  /** `size` bytes of the same value, in the guest's own memory. */
  *filled(size: number, byte: number): Scripted<number> {
    const address = yield* this.allocate(size);
    yield instructions.fill(address, size, byte);
    return address;
  }

  *allocate(size: number): Scripted<number> {
    return u32(yield instructions.allocate(size), 0);
  }

  *growMemory(pages: number): Scripted<number> {
    return u32(yield instructions.grow(pages), 0);
  }

  /** Sets the behaviour of the allocator that the host calls. */
  *setAllocator(mode: AllocatorMode): Scripted<void> {
    yield instructions.setAllocator(mode);
  }

  /** The host's allocations so far. */
  *allocations(): Scripted<{ size: number; pointer: number }[]> {
    const count = u32(yield instructions.read(Layout.ALLOCATIONS, 4), 0);
    const bytes = yield* this.read(Layout.ALLOCATIONS + 4, 8 * count);
    return Array.from({ length: count }, (_, index) => ({
      size: u32(bytes, 8 * index),
      pointer: u32(bytes, 8 * index + 4),
    }));
  }

  *trap(): Scripted<void> {
    yield instructions.trap();
  }

  *exhaustStack(): Scripted<void> {
    yield instructions.exhaustStack();
  }

  *exit(code: number): Scripted<void> {
    yield instructions.exit(code);
  }

  *#answer(name: ImportedFunction, args: readonly RawArgument[]): Scripted<Answer> {
    const report = yield instructions.call(FUNCTION_NAMES.indexOf(name), args, this.#depth);
    const parameters = parametersOf(name).filter(isOut);
    const outs = parameters.map((_, index) => u32(report, 4 + 8 * index));
    const wide = Math.max(0, parameters.indexOf("out64"));
    const out64 = new DataView(report.buffer, report.byteOffset).getBigUint64(4 + 8 * wide, true);
    return { status: u32(report, 0), outs, out64 };
  }
}

function isOut(parameter: Parameter): boolean {
  return parameter === "out" || parameter === "out64";
}

function rawArgument(argument: Argument | undefined): RawArgument {
  if (argument === undefined) throw new Error("an argument is missing");
  if (typeof argument === "string") return new TextEncoder().encode(argument);
  return Array.isArray(argument) ? encodeHeaderMap(argument) : argument;
}

function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}
