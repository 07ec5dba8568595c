import type { AbiVersion } from "../abi.ts";
import { type Context, StreamContext } from "../contexts.ts";
import type { StreamRequest } from "../decision.ts";
import type { HeaderList } from "../header-table.ts";
import { importsFor } from "../imports.ts";
import { Message } from "../message.ts";
import { NO_STAGES } from "../stages.ts";
import { type StartOptions, Vm } from "../vm.ts";
import { FakeServices, START } from "./fake-services.setup.ts";

const RESULTS_AT = 16;
const HEAP_AT = 1_024;

/** A status and the bytes the function returned through its result addresses. */
interface Answer {
  readonly status: number;
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly pointer: number;
}

/**
 * The host functions, with a memory that the test fills and reads itself. A test can call any of them with any arguments,
 * as a guest would in a stream's callback, without writing a guest.
 */
export class HostHarness {
  readonly services = new FakeServices();
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  readonly vm: Vm;
  readonly stream: StreamContext;
  readonly allocations: { pointer: number; size: number }[] = [];
  /** Grows the memory with every allocation, which detaches all its views. */
  growsOnAllocation = false;
  #heap = HEAP_AT;

  constructor(
    request: Partial<StreamRequest> = {},
    abiVersion: AbiVersion = "0.2.1",
    start: Partial<StartOptions> = {},
  ) {
    this.vm = new Vm(
      abiVersion,
      this.services,
      { ...START, ...start },
      { reply: () => undefined, queueReady: () => undefined },
    );
    this.vm.memory.attach(this.memory, (size) => this.allocate(size ?? 0));
    this.stream = this.addStream(request);
  }

  addStream(request: Partial<StreamRequest> = {}): StreamContext {
    const stream = new StreamContext(
      this.vm.nextContextId(),
      { headers: [], endOfStream: true, ...request },
      { stages: NO_STAGES },
      this.services.nowMs(),
    );
    this.vm.contexts.set(stream.id, stream);
    return stream;
  }

  /** Gives the stream a response, as if it had arrived. */
  addResponse(headers: HeaderList): Message {
    const response = new Message("response", headers);
    this.stream.response = response;
    return response;
  }

  allocate(size: number): number {
    if (this.growsOnAllocation) this.memory.grow(1);
    const pointer = this.#heap;
    this.#heap += size;
    this.allocations.push({ pointer, size });
    return pointer;
  }

  /** Writes into the guest's memory; returns address and size, for use as arguments. */
  put(content: string | Uint8Array): [pointer: number, size: number] {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const pointer = this.#heap;
    this.#heap += bytes.length + 1;
    new Uint8Array(this.memory.buffer).set(bytes, pointer);
    return [pointer, bytes.length];
  }

  u32(pointer: number): number {
    return new DataView(this.memory.buffer).getUint32(pointer, true);
  }

  u64(pointer: number): bigint {
    return new DataView(this.memory.buffer).getBigUint64(pointer, true);
  }

  bytes(pointer: number, size: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, pointer, size).slice();
  }

  /** Calls a function by its ABI name in a callback of `context` (default: the stream). */
  call(name: string, args: readonly (number | bigint)[], context: Context = this.stream): number {
    const module = name.startsWith("proxy_") ? "env" : "wasi_snapshot_preview1";
    const imports = importsFor(this.vm, [{ kind: "function", module, name }]);
    const host: unknown = imports[module]?.[name];
    if (typeof host !== "function") throw new Error(`no host function ${name}`);
    return Number(this.vm.scope.run(context, () => Reflect.apply(host, undefined, args)));
  }

  /** Calls a function whose last two parameters say where to write an address and a size. */
  ask(name: string, args: readonly (number | bigint)[], context: Context = this.stream): Answer {
    const status = this.call(name, [...args, RESULTS_AT, RESULTS_AT + 4], context);
    const pointer = this.u32(RESULTS_AT);
    const bytes = status === 0 ? this.bytes(pointer, this.u32(RESULTS_AT + 4)) : new Uint8Array(0);
    return { status, bytes, text: new TextDecoder().decode(bytes), pointer };
  }
}
