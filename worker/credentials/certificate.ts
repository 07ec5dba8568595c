/**
 * The fingerprint of the client's certificate, if the platform has verified it (mutual TLS). Undefined if there is none, or one that
 * is revoked or not issued by a certificate authority of the zone.
 *
 * @param cf `request.cf`, which clients cannot set
 */
export function verifiedFingerprint(cf: unknown): string | undefined {
  const tls = memberOf(cf, "tlsClientAuth");
  if (memberOf(tls, "certPresented") !== "1" || memberOf(tls, "certVerified") !== "SUCCESS") return undefined;
  if (memberOf(tls, "certRevoked") === "1") return undefined;
  const fingerprint = memberOf(tls, "certFingerprintSHA256");
  if (typeof fingerprint !== "string" || !/^[0-9a-f]{64}$/i.test(fingerprint)) return undefined;
  return fingerprint.toLowerCase();
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
