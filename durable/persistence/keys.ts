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
  const material = await materialOf(secret);
  const [digestKey, storageKey] = await Promise.all([
    crypto.subtle.deriveBits(parameters("digests", service), material, 128),
    crypto.subtle.deriveKey(parameters("storage", service), material, { name: "AES-GCM", length: 256 }, false, [
      "encrypt",
      "decrypt",
    ]),
  ]);
  return { digestKey: hex(new Uint8Array(digestKey)), box: new SealedBox(storageKey) };
}

/** The key of the log's digests, HMAC with SHA-256: one for all services and isolates, and for nothing else. */
export async function deriveLogKey(secret: string): Promise<CryptoKey> {
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey(parameters("log", ""), await materialOf(secret), hmac, false, ["sign"]);
}

function materialOf(secret: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", new TextEncoder().encode(secret), "HKDF", false, ["deriveBits", "deriveKey"]);
}

/** @param service empty for keys of the whole gateway; no service's name is */
function parameters(purpose: string, service: string): SubtleCryptoDeriveKeyAlgorithm {
  const info = new TextEncoder().encode(`ebb 1\n${purpose}\n${service}`);
  return { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info };
}
