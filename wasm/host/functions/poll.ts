import { Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import type { Vm } from "../vm.ts";
import { Errno } from "./errno.ts";

/** Sizes and offsets of `subscription` and `event` in WASI preview 1, and the values of their tags. */
const SUBSCRIPTION_BYTES = 48;
const TAG_AT = 8;
const CLOCK_ID_AT = 16;
const TIMEOUT_AT = 24;
const CLOCK_FLAGS_AT = 40;
const FD_AT = 16;
const EVENT_BYTES = 32;
const EVENT_ERROR_AT = 8;
const EVENT_TAG_AT = 10;
const CLOCK = 0;
const FD_WRITE = 2;
const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const ABSOLUTE_TIME = 1;
const STDOUT = 1;
const STDERR = 2;
/** The longest time that one call lets pass. */
const LONGEST_SLEEP_MS = 60_000;

/** Something that a subscription waits for has happened. */
interface Event {
  /** The subscription's own eight bytes. */
  readonly userdata: Uint8Array;
  readonly error: Errno;
  readonly tag: number;
}

/** An event that comes only after a time. */
interface Timer {
  readonly event: Event;
  readonly delayMs: number;
}

/**
 * `poll_oneoff`, without ever waiting: a sleep only advances the guest's monotonic clock, because a Worker's clock stands still
 * while it runs, and a runtime that sleeps would ask again until its CPU time is used up. A file is ready at once: standard output
 * and error can be written to, all others do not exist. Only if there is none does the earliest timer end, with one event:
 * Rust's `thread::sleep` panics without it.
 */
export function pollOneoff(vm: Vm, subscriptions: number, events: number, count: number, eventsOut: number): Errno {
  const { memory } = vm;
  const wanted = count >>> 0;
  if (wanted > HOST_LIMITS.pollSubscriptions) return Errno.INVAL;
  const bytes = memory.readBytes(subscriptions, wanted * SUBSCRIPTION_BYTES);
  if (bytes === undefined || !memory.holds(events, wanted * EVENT_BYTES)) return Errno.FAULT;
  const ready: Event[] = [];
  let earliest: Timer | undefined;
  for (let at = 0; at < bytes.length; at += SUBSCRIPTION_BYTES) {
    const subscription = bytes.subarray(at, at + SUBSCRIPTION_BYTES);
    const timer = timerOf(vm, subscription);
    if (timer === undefined) ready.push(eventOf(subscription));
    else if (earliest === undefined || timer.delayMs < earliest.delayMs) earliest = timer;
  }
  if (ready.length === 0 && earliest !== undefined) {
    vm.sleptMs += Math.min(earliest.delayMs, LONGEST_SLEEP_MS);
    ready.push(earliest.event);
  }
  memory.writeBytes(events, encoded(ready));
  return memory.writeU32(eventsOut, ready.length) === Status.OK ? Errno.SUCCESS : Errno.FAULT;
}

/** Undefined if the subscription is not for one of the two clocks. */
function timerOf(vm: Vm, subscription: Uint8Array): Timer | undefined {
  const view = viewOf(subscription);
  const clock = view.getUint32(CLOCK_ID_AT, true);
  if (subscription[TAG_AT] !== CLOCK || clock > CLOCK_MONOTONIC) return undefined;
  const timeoutMs = Number(view.getBigUint64(TIMEOUT_AT, true)) / 1e6;
  const isAbsolute = (view.getUint16(CLOCK_FLAGS_AT, true) & ABSOLUTE_TIME) !== 0;
  const nowMs = vm.services.nowMs() + (clock === CLOCK_REALTIME ? 0 : vm.sleptMs);
  const delayMs = isAbsolute ? Math.max(0, timeoutMs - nowMs) : timeoutMs;
  return { event: { userdata: subscription.subarray(0, TAG_AT), error: Errno.SUCCESS, tag: CLOCK }, delayMs };
}

/** What happens at once for a subscription that no timer delays. */
function eventOf(subscription: Uint8Array): Event {
  const tag = subscription[TAG_AT]!;
  const fd = viewOf(subscription).getUint32(FD_AT, true);
  const isWritable = tag === FD_WRITE && (fd === STDOUT || fd === STDERR);
  const error = tag === CLOCK ? Errno.NOTSUP : isWritable ? Errno.SUCCESS : Errno.BADF;
  return { userdata: subscription.subarray(0, TAG_AT), error, tag };
}

function encoded(events: readonly Event[]): Uint8Array {
  const bytes = new Uint8Array(events.length * EVENT_BYTES);
  for (const [index, { userdata, error, tag }] of events.entries()) {
    const at = index * EVENT_BYTES;
    bytes.set(userdata, at);
    bytes[at + EVENT_ERROR_AT] = error;
    bytes[at + EVENT_TAG_AT] = tag;
  }
  return bytes;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
