/** Tests the digest with the published vectors, compiled separately from the same source. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main as compile } from "assemblyscript/asc";
import { beforeAll, expect, it } from "vitest";

interface SipHash {
  memory: WebAssembly.Memory;
  beginDigest(keyLow: bigint, keyHigh: bigint): void;
  absorbBytes(start: number, size: number): void;
  finishDigest(): void;
  digestLow(): bigint;
  digestHigh(): bigint;
}

const isSipHash = (exports: object): exports is SipHash => "beginDigest" in exports && "memory" in exports;
const INPUT = 1024;
let siphash: SipHash;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "ebb-siphash-"));
  const outFile = join(folder, "siphash.wasm");
  const source = fileURLToPath(new URL("assembly/siphash.ts", import.meta.url));
  const { error } = await compile([source, "--outFile", outFile, "--runtime", "stub", "-O3", "--initialMemory", "1"]);
  if (error) throw error;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(outFile)));
  rmSync(folder, { recursive: true });
  if (!isSipHash(exports)) throw new Error("siphash.ts does not export what this test needs");
  siphash = exports;
});

/** Digest of the bytes 0, 1, 2, … with the key 00 01 … 0f, fed in pieces of these sizes. */
function digestOf(...pieces: number[]): string {
  const bytes = new Uint8Array(siphash.memory.buffer);
  siphash.beginDigest(0x0706050403020100n, 0x0f0e0d0c0b0a0908n);
  let next = 0;
  for (const size of pieces) {
    for (let i = 0; i < size; i++) bytes[INPUT + i] = next++;
    siphash.absorbBytes(INPUT, size);
  }
  siphash.finishDigest();
  const words = new DataView(new ArrayBuffer(16));
  words.setBigUint64(0, siphash.digestLow(), true);
  words.setBigUint64(8, siphash.digestHigh(), true);
  return Buffer.from(words.buffer).toString("hex");
}

it.each([
  [0, "a3817f04ba25a8e66df67214c7550293"],
  [1, "da87c1d86b99af44347659119b22fc45"],
  [2, "8177228da4a45dc7fca38bdef60affe4"],
  [8, "3b62a9ba6258f5610f83e264f31497b4"],
  [63, "5150d1772f50834a503e069a973fbd7c"],
])("SipHash-2-4-128 of %i bytes", (size, expected) => {
  expect(digestOf(size)).toBe(expected);
});

it("does not depend on the pieces", () => {
  const whole = digestOf(63);
  for (let first = 0; first <= 63; first++) {
    expect(digestOf(first, 63 - first)).toBe(whole);
    expect(digestOf(Math.min(first, 3), 4, 63 - 4 - Math.min(first, 3))).toBe(whole);
  }
});
