/**
 * Chunks come from storage or from another instance of the same code; neither is a reason to trust them. Forged and damaged
 * chunks are refused, and sealed ones cannot import anything that the configuration does not allow.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configuration, filterModule, forwardAuth, Harness, outcome, reply } from "./testing/harness.ts";
import { SipHash } from "./testing/siphash.ts";

const module = filterModule();
const HEADER_BYTES = 48;
const SEAL_AT = 32;
const MAX_TTL_MS = 60_000;
const DENY_TTL_MS = 5_000;
const STALE_MS = 20_000;
const PUT = 1;
const DELETE = 2;
const PENDING = 3;
const SETTLED = 4;
const PURGE_CREDENTIAL = 5;
const PURGE_ALL = 6;

function start(): Harness {
  return new Harness(
    configuration({
      protocol: forwardAuth({ upstreamHeaders: ["x-user", "x-role"] }),
      cache: { maxTtlMs: MAX_TTL_MS, denyTtlMs: DENY_TTL_MS, staleIfErrorMs: STALE_MS, maxBytes: 8_388_608 },
    }),
    module,
  );
}

/** The chunk of an instance with a few decisions of every kind, one pending call and one that ended. */
async function realChunk(): Promise<Uint8Array> {
  const harness = start();
  harness.server = () => reply(200, [["x-user", "ada"]]);
  for (let i = 0; i < 5; i += 1) await harness.ask({ token: `t${i}` });
  harness.server = () => reply(403, [], "no");
  for (let i = 5; i < 8; i += 1) await harness.ask({ token: `t${i}` });
  harness.server = () => new Promise(() => undefined);
  void harness.ask({ token: "pending" });
  harness.handover.begin(8_388_608);
  harness.handover.purgeCredential("nobody");
  const step = harness.handover.next();
  if (step.kind !== "chunk") throw new Error("there is no chunk");
  return step.bytes;
}

const chunk = await realChunk();
const siphash = new SipHash("000102030405060708090a0b0c0d0e0f");

/** A chunk with these records, sealed as the filter would. */
function sealed(records: Uint8Array, writtenAtMs?: bigint): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + records.length);
  bytes.set(chunk.subarray(0, HEADER_BYTES));
  bytes.set(records, HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  if (writtenAtMs !== undefined) view.setBigUint64(8, writtenAtMs, true);
  const input = new Uint8Array(8 + SEAL_AT + records.length);
  new DataView(input.buffer).setUint32(0, 0xffff_fffd, true);
  new DataView(input.buffer).setUint32(4, bytes.length, true);
  input.set(bytes.subarray(0, SEAL_AT), 8);
  input.set(records, 8 + SEAL_AT);
  bytes.set(siphash.digest(input), SEAL_AT);
  return bytes;
}

interface Put {
  outcome?: number;
  lifeMs?: number;
  staleMs?: number;
  payload?: Uint8Array;
  payloadSize?: number;
}

/** A decision for the request with token `t0`; its key is in the real chunk's first such record. */
function put({ outcome = 0, lifeMs = 1_000, staleMs = 0, payload = new Uint8Array(0), payloadSize }: Put): Uint8Array {
  const bytes = new Uint8Array(30 + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = PUT;
  view.setUint16(2, outcome, true);
  bytes.set(keyOfT0, 4);
  view.setUint32(20, lifeMs, true);
  view.setUint32(24, staleMs, true);
  view.setUint16(28, payloadSize ?? payload.length, true);
  bytes.set(payload, 30);
  return bytes;
}

/** After the purge of `nobody`, as a token and as base64. */
const keyOfT0 = chunk.slice(HEADER_BYTES + 16 + 4, HEADER_BYTES + 16 + 20);

const x = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

function entriesOf(harness: Harness): number {
  return harness.metric("ebb_cache_entries");
}

/** It still decides, and stays within its memory. */
async function worksOn(harness: Harness): Promise<void> {
  expect(harness.instance.failure).toBeUndefined();
  harness.server = () => reply(200);
  expect(outcome(await harness.ask({ token: "afterwards" }))).toBe("continue");
}

describe("a chunk", () => {
  it("has the structure this test assumes", async () => {
    const harness = start();
    expect(harness.handover.take(chunk)).toEqual({ ok: true });
    expect(entriesOf(harness)).toBe(8);
    expect(start().handover.take(sealed(chunk.subarray(HEADER_BYTES)))).toEqual({ ok: true });
    const forged = start();
    expect(forged.handover.take(sealed(put({})))).toEqual({ ok: true });
    expect(outcome(await forged.ask({ token: "t0" }))).toBe("continue");
    expect(forged.calls).toHaveLength(0);
  });

  it("cut short at any place is refused as a whole", async () => {
    const harness = start();
    for (let size = 0; size < chunk.length; size += 1) {
      expect(harness.handover.take(chunk.subarray(0, size))).toEqual({ ok: false, reason: "not_a_chunk" });
    }
    expect(entriesOf(harness)).toBe(0);
    await worksOn(harness);
  });

  it("that was extended, or exceeds the maximum, is refused as a whole", async () => {
    const harness = start();
    for (const size of [1, 20, 10_000, 70_000, 300_000]) {
      const longer = new Uint8Array(chunk.length + size);
      longer.set(chunk);
      expect(harness.handover.take(longer)).toEqual({ ok: false, reason: "not_a_chunk" });
    }
    expect(entriesOf(harness)).toBe(0);
    await worksOn(harness);
  });

  it("with any bit changed is refused as a whole", async () => {
    const harness = start();
    for (let at = 0; at < chunk.length; at += 1) {
      const changed = chunk.slice();
      changed[at]! ^= 1 << (at % 8);
      expect(harness.handover.take(changed).ok).toBe(false);
    }
    expect(entriesOf(harness)).toBe(0);
    await worksOn(harness);
  });

  it("with random bytes is refused", async () => {
    const harness = start();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.boolean(), (bytes, withHeader) => {
        if (withHeader) bytes.set(chunk.subarray(0, Math.min(bytes.length, SEAL_AT)));
        expect(harness.handover.take(bytes).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
    expect(entriesOf(harness)).toBe(0);
    await worksOn(harness);
  });
});

describe("a sealed record", () => {
  const TOO_LONG = "lives longer than the configuration allows";
  it.each<[string, Uint8Array]>([
    [TOO_LONG, put({ lifeMs: MAX_TTL_MS + 1 })],
    [`${TOO_LONG}, for a refusal`, put({ outcome: (5 << 10) | 403, lifeMs: DENY_TTL_MS + 1, payload: x(0, 0, 0, 0) })],
    ["has too long a stale time", put({ staleMs: STALE_MS + 1 })],
    ["is a refusal with a stale time", put({ outcome: (5 << 10) | 403, staleMs: 1, payload: x(0, 0, 0, 0) })],
    ["has a status that is none", put({ outcome: 5 << 10, payload: x(0, 0, 0, 0) })],
    ["has a status that is none", put({ outcome: (5 << 10) | 600, payload: x(0, 0, 0, 0) })],
    ["is a refusal without a payload", put({ outcome: (5 << 10) | 403 })],
    ["has headers longer than itself", put({ outcome: (5 << 10) | 403, payload: x(1, 0, 0, 0) })],
    ["sets a header that is not configured", put({ payload: x(2, 1, 0, 65) })],
    ["sets a header with too large an index", put({ payload: x(254, 1, 0, 65) })],
    ["removes a header without a name", put({ payload: x(255, 0, 0) })],
    ["removes a pseudo header", put({ payload: x(255, 5, 0, ...Buffer.from(":path")) })],
    ["removes a header whose name is longer than itself", put({ payload: x(255, 2, 0, 65) })],
    ["sets a header twice", put({ payload: x(0, 1, 0, 65, 0, 1, 0, 65) })],
    ["sets a header longer than itself", put({ payload: x(0, 2, 0, 65) })],
    ["has the beginning of a header", put({ payload: x(0, 2) })],
    ["is longer than its chunk", put({ payloadSize: 1 })],
    ["exceeds the maximum size", put({ payload: new Uint8Array(16_385) })],
    ["is of no kind", x(7, 0, 0, 0)],
    ["is of no kind", x(0, 0, 0, 0)],
    ["has data in reserved bytes", x(PURGE_ALL, 1, 0, 0)],
    ["is cut short", x(PURGE_ALL, 0, 0)],
    ["is cut short", x(PURGE_CREDENTIAL, 0, 0, 0, 1, 2, 3)],
    ["is cut short", new Uint8Array(19).fill(0).map((_, at) => (at === 0 ? DELETE : 0))],
    ["is cut short", put({}).slice(0, 29)],
  ])("that %s is not imported, and ends the chunk", async (_, record) => {
    const alone = start();
    expect(alone.handover.take(sealed(record))).toEqual({ ok: false, reason: "bad_record" });
    expect(entriesOf(alone)).toBe(0);
    await worksOn(alone);

    const behindAnother = start();
    const records = Uint8Array.from([...put({ lifeMs: 5_000 }), ...record]);
    expect(behindAnother.handover.take(sealed(records))).toEqual({ ok: false, reason: "bad_record" });
    expect(outcome(await behindAnother.ask({ token: "t0" }))).toBe("continue");
    expect(behindAnother.calls).toHaveLength(0);
  });

  it.each([0n, 1n, 2n ** 64n - 1n, 2n ** 63n, 1_790_000_000_000n + 1_000n])(
    "written at %i never outlives its lifetime from now",
    async (writtenAtMs) => {
      const harness = start();
      harness.handover.take(sealed(put({ lifeMs: MAX_TTL_MS, staleMs: STALE_MS }), writtenAtMs));
      harness.now += MAX_TTL_MS;
      await harness.ask({ token: "t0" });
      expect(harness.calls).toHaveLength(1);
    },
  );

  const record: fc.Arbitrary<Uint8Array> = fc
    .record({
      kind: fc.constantFrom(PUT, PUT, PUT, DELETE, PENDING, SETTLED, PURGE_CREDENTIAL, PURGE_ALL, 0, 7, 255),
      head: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 0xff_ffff })),
      rest: fc.uint8Array({ maxLength: 60 }),
      sizes: fc.boolean(),
    })
    .map(({ kind, head, rest, sizes }) => {
      const bytes = new Uint8Array(4 + rest.length);
      bytes.set([kind, head & 0xff, (head >> 8) & 0xff, head >> 16]);
      bytes.set(rest, 4);
      // Small lifetimes and a matching payload size, so that some records pass the first checks.
      if (kind === PUT && sizes && bytes.length >= 30) {
        bytes.fill(0, 22, 24);
        bytes.fill(0, 24, 28);
        bytes.set([bytes.length - 30, 0], 28);
      }
      return bytes;
    });

  it("with random bytes never ends the filter, and no decision outlives the longest lifetime", {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(record, { maxLength: 8 }), { minLength: 1, maxLength: 5 }), async (chunks) => {
        const harness = start();
        const before = harness.instance.allocatedBytes;
        void harness.ask({ token: "waits" });
        for (const records of chunks) {
          harness.handover.take(sealed(Uint8Array.from(records.flatMap((bytes) => [...bytes]))));
          void harness.ask({ token: "t0" });
        }
        harness.handover.abandon();
        expect(harness.instance.allocatedBytes - before).toBeLessThanOrEqual(16 * 65_536);
        await worksOn(harness);
        harness.advance(MAX_TTL_MS + STALE_MS + 1_000);
        expect(entriesOf(harness)).toBe(0);
        expect(harness.instance.openStreams).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
