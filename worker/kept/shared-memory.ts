import { thisIsolate } from "../../durable/memory/isolate.ts";
import type { Runtime } from "../../durable/runtime/runtime.ts";

/** The memory that all objects and the Worker share, as far as kept values need it. */
export interface SharedMemory {
  /** Memory is short: what can be found out again should not take any. */
  readonly isShort: boolean;
  /** Call after each change of the size. */
  noteBytes(bytes: number): void;
}

/** One account of the isolate's memory; a Worker may have several. */
export function sharedMemory(runtime: Pick<Runtime, "isolate">): SharedMemory {
  const isolate = () => runtime.isolate ?? thisIsolate();
  let noted = 0;
  return {
    get isShort() {
      return isolate().budget.isShort;
    },
    noteBytes: (bytes) => {
      isolate().memory.addEdgeBytes(bytes - noted);
      noted = bytes;
    },
  };
}
