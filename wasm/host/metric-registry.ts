import { type MetricType, Status } from "./abi.ts";
import { HOST_LIMITS } from "./host-limits.ts";

/** A metric's current state. The value of a histogram is the sum of its samples. */
export interface MetricSnapshot {
  readonly name: string;
  readonly type: MetricType;
  readonly value: number;
  /** How often a value was recorded or added. */
  readonly count: number;
}

interface Metric {
  readonly name: string;
  readonly type: MetricType;
  value: number;
  count: number;
}

/**
 * The metrics of one service's filters. They are identified by name, so a restarted filter continues its predecessor's
 * counts. Ids are positions and survive a restart too. Values are exact up to 2^53.
 */
export class MetricRegistry {
  readonly #metrics: Metric[] = [];
  readonly #idsByName = new Map<string, number>();

  /** The id (from 1) of the new or existing metric; undefined if it exists with another type or there are too many. */
  define(type: MetricType, name: string): number | undefined {
    const known = this.#idsByName.get(name);
    if (known !== undefined) return this.#metrics[known - 1]?.type === type ? known : undefined;
    if (this.#metrics.length >= HOST_LIMITS.metrics) return undefined;
    const id = this.#metrics.push({ name, type, value: 0, count: 0 });
    this.#idsByName.set(name, id);
    return id;
  }

  /** Sets a counter or gauge; adds a sample to a histogram. */
  record(id: number, value: number): Status {
    const metric = this.#metrics[id - 1];
    if (metric === undefined) return Status.NOT_FOUND;
    if (metric.type === "counter" && value < 0) return Status.BAD_ARGUMENT;
    metric.value = metric.type === "histogram" ? metric.value + value : value;
    metric.count += 1;
    return Status.OK;
  }

  /** BAD_ARGUMENT if a counter would decrease, and for a histogram, which cannot be incremented. */
  increment(id: number, delta: number): Status {
    const metric = this.#metrics[id - 1];
    if (metric === undefined) return Status.NOT_FOUND;
    if (metric.type === "histogram" || (metric.type === "counter" && delta < 0)) return Status.BAD_ARGUMENT;
    metric.value += delta;
    metric.count += 1;
    return Status.OK;
  }

  has(id: number): boolean {
    return this.#metrics[id - 1] !== undefined;
  }

  /** The value of a counter or gauge; a histogram has no single value. */
  valueOf(id: number): number | undefined {
    const metric = this.#metrics[id - 1];
    return metric?.type === "histogram" ? undefined : metric?.value;
  }

  /** The value as in `snapshot`. */
  value(name: string): number | undefined {
    const id = this.#idsByName.get(name);
    return id === undefined ? undefined : this.#metrics[id - 1]?.value;
  }

  /** Copies, in order of definition. */
  snapshot(): MetricSnapshot[] {
    return this.#metrics.map((metric) => ({ ...metric }));
  }
}
