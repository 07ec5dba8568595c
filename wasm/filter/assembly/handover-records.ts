import { configuration, upstreamName } from "./configuration";
import { OF_CHUNK, OF_CONFIGURATION } from "./digest-domains";
import { absorbBytes, absorbField, absorbNumber, beginDigest, finishDigest } from "./siphash";

/**
 * The handover format (docs/handover.md). Each chunk is self-contained: a header, then records, packed and little endian.
 * Only this filter reads it; to the host it is opaque.
 */

export const CHUNK_MAGIC: u32 = 0x48424245;
/** 3: tags of the current canonical forms. A purge would not find entries that an older version tagged. */
export const CHUNK_VERSION: u32 = 3;

/** Header: u32 magic, u32 version, u64 wall time, then two digests of 16 bytes. */
export const WRITTEN_AT: usize = 8;
/** Digest of the service and everything that determines the records' meaning. */
export const CONFIGURATION_AT: usize = 16;
/** Digest of everything but itself: without the digest key no one can create a chunk. */
export const SEAL_AT: usize = 32;
export const CHUNK_HEADER_BYTES: usize = 48;

/** A decision: u8 kind, u8 0, u16 outcome, key, u32 life, u32 stale life, u16 payload size, payload. */
export const RECORD_PUT: u8 = 1;
/** The decision for a key was removed: u8 kind, three zeros, key. */
export const RECORD_DELETE: u8 = 2;
/** A call for this key is pending: same form as a delete. */
export const RECORD_PENDING: u8 = 3;
/** That call is over; its decision, if kept, comes before this record: same form as a delete. */
export const RECORD_SETTLED: u8 = 4;
/** All decisions for a credential were purged: u8 kind, three zeros, u32 tag. */
export const RECORD_PURGE_CREDENTIAL: u8 = 5;
/** All decisions were purged: u8 kind, three zeros. */
export const RECORD_PURGE_ALL: u8 = 6;

export const KEY_AT: usize = 4;
export const KEY_RECORD_BYTES: usize = 20;
export const LIFE_AT: usize = 20;
export const STALE_AT: usize = 24;
export const PAYLOAD_SIZE_AT: usize = 28;
export const PUT_BYTES: usize = 30;
export const PURGE_CREDENTIAL_BYTES: usize = 8;
export const PURGE_ALL_BYTES: usize = 4;

/** @param outcome an entry's, or 0 */
export function writeKeyRecord(at: usize, kind: u8, outcome: u16, digestLow: u64, digestHigh: u64): void {
  store<u32>(at, <u32>kind | ((<u32>outcome) << 16));
  store<u64>(at + KEY_AT, digestLow);
  store<u64>(at + KEY_AT + 8, digestHigh);
}

/** Digests the configuration that a chunk must match; the result is in siphash.ts. */
export function digestConfiguration(): void {
  beginDigest(configuration.digestKeyLow, configuration.digestKeyHigh);
  absorbNumber(OF_CONFIGURATION);
  absorbField(configuration.service.start, configuration.service.size);
  absorbField(configuration.configVersion.start, configuration.configVersion.size);
  // Payloads refer to headers by their index in the configuration.
  for (let index: u32 = 0; index < configuration.upstreamCount; index++) {
    absorbField(upstreamName(index).start, upstreamName(index).size);
  }
  finishDigest();
}

/** Digests a whole chunk except its seal; the result is in siphash.ts. */
export function digestChunk(start: usize, size: usize): void {
  beginDigest(configuration.digestKeyLow, configuration.digestKeyHigh);
  absorbNumber(OF_CHUNK);
  absorbNumber(<u32>size);
  absorbBytes(start, SEAL_AT);
  absorbBytes(start + CHUNK_HEADER_BYTES, size - CHUNK_HEADER_BYTES);
  finishDigest();
}
