const FNV_32_BASIS = 0x811c9dc5;
const FNV_32_PRIME = 0x01000193;

/** A repeatable 32-bit number for a text: FNV-1a with the upper half folded into the lower. */
export function noiseOf(text: string): number {
  let hash = FNV_32_BASIS;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), FNV_32_PRIME);
  }
  return (hash ^ (hash >>> 16)) >>> 0;
}
