import { HOST_LIMITS } from "./host-limits.ts";

/**
 * The pending `on_queue_ready` calls of one instance: one per message. They are made when the stack is empty, so a guest
 * that enqueues is never entered while it runs.
 */
export class QueueEvents {
  readonly #deliver: (queueId: number) => void;
  readonly #owed = new Map<number, number>();
  #scheduled = false;

  constructor(deliver: (queueId: number) => void) {
    this.#deliver = deliver;
  }

  /** Records one event; a QueueListener. */
  readonly notify = (queueId: number): void => {
    this.#owed.set(queueId, (this.#owed.get(queueId) ?? 0) + 1);
    this.schedule();
  };

  /** Also resumes the events left over when `queueEventsInARow` interrupted a guest that answers each event with another. */
  schedule(): void {
    if (this.#scheduled || this.#owed.size === 0) return;
    this.#scheduled = true;
    Promise.resolve().then(() => this.#run());
  }

  clear(): void {
    this.#owed.clear();
  }

  #run(): void {
    for (let left: number = HOST_LIMITS.queueEventsInARow; left > 0; left--) {
      const next = this.#owed.entries().next();
      if (next.done) break;
      const [queueId, count] = next.value;
      if (count > 1) this.#owed.set(queueId, count - 1);
      else this.#owed.delete(queueId);
      this.#deliver(queueId);
    }
    this.#scheduled = false;
  }
}
