import { Status } from "./abi.ts";
import { HOST_LIMITS } from "./host-limits.ts";

/** Told of each message that was put into a queue; must not take it at once, since the guest may be running. */
export type QueueListener = (queueId: number) => void;

interface Queue {
  readonly messages: Uint8Array[];
  /** The VM that registered the queue last; a restarted filter takes the place of its predecessor. */
  listener: QueueListener | undefined;
}

/**
 * First-in-first-out queues that the filters of one service share, by VM id and name, across instances and restarts. Ids
 * are positions from 1 and survive as well.
 */
export class SharedQueues {
  readonly #queues: Queue[] = [];
  readonly #idsByName = new Map<string, number>();
  #bytes = 0;

  /**
   * The id of the queue, new or known, which from now on reports to `listener`; also the messages an earlier listener
   * left there. Undefined if there are too many queues.
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
   * Appends `message`, which then belongs to the queue. From a full one the oldest give way: nobody takes them, and
   * Rust's SDK panics at a refusal.
   * @returns OK, NOT_FOUND, or INTERNAL_FAILURE for a message for which there is no room beside those of other queues
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

  /** The oldest message, which stays. */
  first(id: number): Uint8Array | undefined {
    return this.#queues[id - 1]?.messages[0];
  }

  /** Takes `message` out if it is still the oldest. */
  remove(id: number, message: Uint8Array): void {
    const messages = this.#queues[id - 1]?.messages;
    if (messages?.[0] !== message) return;
    messages.shift();
    this.#bytes -= message.length;
  }

  /** Forgets a listener, or it would keep a closed filter and its memory alive. */
  forget(listener: QueueListener): void {
    for (const queue of this.#queues) {
      if (queue.listener === listener) queue.listener = undefined;
    }
  }
}

/** No two pairs of id and name have the same key. */
function queueKey(vmId: string, name: string): string {
  return `${vmId.length}:${vmId}${name}`;
}
