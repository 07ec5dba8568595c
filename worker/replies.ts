/** A response of the gateway's own: JSON `{ "error": reason }`, never cached, the reason in a header too (HEAD has no body). */
export function refuse(status: number, reason: string, headers: Record<string, string> = {}): Response {
  return Response.json(
    { error: reason },
    { status, headers: { "cache-control": "no-store", "x-ebb-reason": reason, ...headers } },
  );
}
