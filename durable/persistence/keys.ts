import { hex } from "../runtime/runtime.ts";
import { SealedBox } from "./sealed-box.ts";

/** Anyone who reads the encrypted data could guess a shorter secret. */
export const MIN_SECRET_CHARACTERS = 32;

/** The keys that one service derives from the gateway's secret. Each purpose and each service has a separate key. */
export interface DerivedKeys {
  /** 128-bit key of the cache's digests, 32 hexadecimal digits. */
  readonly digestKey: string;
  readonly box: SealedBox;
}

/** HKDF with SHA-256 (RFC 5869). @param secret at least `MIN_SECRET_CHARACTERS` long */
export async function deriveKeys(secret: string, service: string): Promise<DerivedKeys> {
  const text = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", text.encode(secret), "HKDF", false, [
    "deriveBits",
    "deriveKey",
  ]);
  const parameters = (purpose: string): SubtleCryptoDeriveKeyAlgorithm => ({
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(0),
    info: text.encode(`ebb 1\n${purpose}\n${service}`),
  });
  const [digestKey, storageKey] = await Promise.all([
    crypto.subtle.deriveBits(parameters("digests"), material, 128),
    crypto.subtle.deriveKey(parameters("storage"), material, { name: "AES-GCM", length: 256 }, false, [
      "encrypt",
      "decrypt",
    ]),
  ]);
  return { digestKey: hex(new Uint8Array(digestKey)), box: new SealedBox(storageKey) };
}
