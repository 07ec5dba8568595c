import { Status } from "./abi.ts";
import { HOST_LIMITS } from "./host-limits.ts";

/** Called for each message put into a queue. Must not dequeue it at once: the guest may be running. */
export type QueueListener = (queueId: number) => void;

interface Queue {
  readonly messages: Uint8Array[];
  /** The VM that registered the queue last; a restarted filter replaces its predecessor. */
  listener: QueueListener | undefined;
}

/**
 * FIFO queues that the filters of one service share, by VM id and name, across instances and restarts. Ids are positions,
 * from 1, and survive restarts too.
 */
export class SharedQueues {
  readonly #queues: Queue[] = [];
  readonly #idsByName = new Map<string, number>();
  #bytes = 0;

  /**
   * Creates or finds a queue and makes it report to `listener`, including messages that an earlier listener left.
   * @returns its id; undefined if there are too many queues
   */
  register(vmId: string, name: string, listener: QueueListener): number | undefined {
    const known = this.resolve(vmId, name);
    if (known === undefined && this.#queues.length >= HOST_LIMITS.sharedQueues) return undefined;
    const id = known ?? this.#queues.push({ messages: [], listener: undefined });
    this.#idsByName.set(queueKey(vmId, name), id);
    const queue = this.#queues[id - 1]!;
    if (queue.listener === listener) return id;
    queue.listener = listener;
    for (let left = queue.messages.length; left > 0; left--) listener(id);
    return id;
  }

  resolve(vmId: string, name: string): number | undefined {
    return this.#idsByName.get(queueKey(vmId, name));
  }

  /**
   * Appends `message` and takes ownership of it. A full queue drops its oldest messages: no one reads them, and Rust's SDK
   * panics at an error.
   * @returns OK, NOT_FOUND, or INTERNAL_FAILURE if the other queues leave no room for the message
   */
  enqueue(id: number, message: Uint8Array): Status {
    const queue = this.#queues[id - 1];
    if (queue === undefined) return Status.NOT_FOUND;
    const isFull = () =>
      queue.messages.length >= HOST_LIMITS.queuedMessages || this.#bytes + message.length > HOST_LIMITS.queuedBytes;
    while (isFull()) {
      const oldest = queue.messages.shift();
      if (oldest === undefined) return Status.INTERNAL_FAILURE;
      this.#bytes -= oldest.length;
    }
    this.#bytes += message.length;
    queue.messages.push(message);
    queue.listener?.(id);
    return Status.OK;
  }

  has(id: number): boolean {
    return this.#queues[id - 1] !== undefined;
  }

  /** The oldest message; it stays in the queue. */
  first(id: number): Uint8Array | undefined {
    return this.#queues[id - 1]?.messages[0];
  }

  /** Removes `message` if it is still the oldest. */
  remove(id: number, message: Uint8Array): void {
    const messages = this.#queues[id - 1]?.messages;
    if (messages?.[0] !== message) return;
    messages.shift();
    this.#bytes -= message.length;
  }

  /** Forgets a listener, which would otherwise keep a closed filter and its memory alive. */
  forget(listener: QueueListener): void {
    for (const queue of this.#queues) {
      if (queue.listener === listener) queue.listener = undefined;
    }
  }
}

/** Unique for each pair of id and name. */
function queueKey(vmId: string, name: string): string {
  return `${vmId.length}:${vmId}${name}`;
}
