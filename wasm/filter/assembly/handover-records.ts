import { configuration, upstreamName } from "./configuration";
import { OF_CHUNK, OF_CONFIGURATION } from "./digest-domains";
import { absorbBytes, absorbField, absorbNumber, beginDigest, finishDigest } from "./siphash";

/**
 * The form of what one instance hands to another (docs/handover.md). A chunk stands for itself: a header, then records,
 * packed and little endian. Nobody but this filter reads it; to the host it is a run of bytes.
 */

export const CHUNK_MAGIC: u32 = 0x48424245;
/** 3: tags are of credentials' canonical forms, as of now. What an older version tagged, a purge would not find. */
export const CHUNK_VERSION: u32 = 3;

/** Header: u32 magic, u32 version, u64 wall time, then two digests of 16 bytes. */
export const WRITTEN_AT: usize = 8;
/** Of the service and all that the records' meaning hangs on. */
export const CONFIGURATION_AT: usize = 16;
/** Of everything but itself: who does not have the digest key cannot make a chunk. */
export const SEAL_AT: usize = 32;
export const CHUNK_HEADER_BYTES: usize = 48;

/** A decision: u8 kind, u8 0, u16 outcome, key, u32 life, u32 stale life, u16 payload size, payload. */
export const RECORD_PUT: u8 = 1;
/** The decision of a key is no more: u8 kind, three zeros, key. */
export const RECORD_DELETE: u8 = 2;
/** A call for this key is under way: as a delete. */
export const RECORD_PENDING: u8 = 3;
/** That call is over; a decision that was kept stands before it: as a delete. */
export const RECORD_SETTLED: u8 = 4;
/** All decisions for a credential are no more: u8 kind, three zeros, u32 tag. */
export const RECORD_PURGE_CREDENTIAL: u8 = 5;
/** All decisions are no more: u8 kind, three zeros. */
export const RECORD_PURGE_ALL: u8 = 6;

export const KEY_AT: usize = 4;
export const KEY_RECORD_BYTES: usize = 20;
export const LIFE_AT: usize = 20;
export const STALE_AT: usize = 24;
export const PAYLOAD_SIZE_AT: usize = 28;
export const PUT_BYTES: usize = 30;
export const PURGE_CREDENTIAL_BYTES: usize = 8;
export const PURGE_ALL_BYTES: usize = 4;

/** `outcome` is an entry's, or 0. */
export function writeKeyRecord(at: usize, kind: u8, outcome: u16, digestLow: u64, digestHigh: u64): void {
  store<u32>(at, <u32>kind | (<u32>outcome << 16));
  store<u64>(at + KEY_AT, digestLow);
  store<u64>(at + KEY_AT + 8, digestHigh);
}

/** Digests what a chunk's configuration must be to be taken: the result is that of siphash.ts. */
export function digestConfiguration(): void {
  beginDigest(configuration.digestKeyLow, configuration.digestKeyHigh);
  absorbNumber(OF_CONFIGURATION);
  absorbField(configuration.service.start, configuration.service.size);
  absorbField(configuration.configVersion.start, configuration.configVersion.size);
  // Payloads name headers by their index here.
  for (let index: u32 = 0; index < configuration.upstreamCount; index++) {
    absorbField(upstreamName(index).start, upstreamName(index).size);
  }
  finishDigest();
}

/** Digests a whole chunk but its seal: the result is that of siphash.ts. */
export function digestChunk(start: usize, size: usize): void {
  beginDigest(configuration.digestKeyLow, configuration.digestKeyHigh);
  absorbNumber(OF_CHUNK);
  absorbNumber(<u32>size);
  absorbBytes(start, SEAL_AT);
  absorbBytes(start + CHUNK_HEADER_BYTES, size - CHUNK_HEADER_BYTES);
  finishDigest();
}
