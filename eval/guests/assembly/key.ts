import { Span } from "../../../wasm/filter/assembly/span";

/** Two hashes of a key: by one it is known, the other chooses the size of its entry where sizes differ. */

const FNV_64_BASIS: u64 = 0xcbf29ce484222325;
const FNV_64_PRIME: u64 = 0x100000001b3;
const FNV_32_BASIS: u32 = 0x811c9dc5;
const FNV_32_PRIME: u32 = 0x01000193;

/** FNV-1a of 64 bits. */
export function keyOf(text: Span): u64 {
  let hash = FNV_64_BASIS;
  for (let at = text.start; at < text.end; at++) hash = (hash ^ load<u8>(at)) * FNV_64_PRIME;
  return hash;
}

/** FNV-1a of 32 bits, its upper half folded in: the lower bits alone are uneven for short texts. */
export function noiseOf(text: Span): u32 {
  let hash = FNV_32_BASIS;
  for (let at = text.start; at < text.end; at++) hash = (hash ^ load<u8>(at)) * FNV_32_PRIME;
  return hash ^ (hash >> 16);
}
