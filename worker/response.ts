import { isConnectionHeader } from "../config/header-names.ts";
import type { HeaderChange } from "../wasm/host/index.ts";

/** Responses with these statuses have no body (Fetch standard). */
const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/**
 * The upstream's response with the filter's changes. The runtime sets `content-length` and the framing, because only it
 * knows how it sends a changed body.
 *
 * @throws RangeError or TypeError if the filter set a status, name or value that no response can have
 */
export function changedResponse(response: Response, changes: readonly HeaderChange[], body: BodyInit | null): Response {
  const headers = new Headers(response.headers);
  if (body !== response.body) headers.delete("content-length");
  for (const { name, values } of changes) {
    if (name.startsWith(":") || isConnectionHeader(name)) continue;
    headers.delete(name);
    for (const value of values) headers.append(name, value);
  }
  const { webSocket } = response;
  if (webSocket !== null) return new Response(null, { status: 101, headers, webSocket });

  const status = statusOf(changes) ?? response.status;
  const statusText = status === response.status ? response.statusText : "";
  if (!NULL_BODY_STATUSES.has(status)) return new Response(body, { status, statusText, headers });
  if (body instanceof ReadableStream) body.cancel().catch(() => {});
  return new Response(null, { status, statusText, headers });
}

function statusOf(changes: readonly HeaderChange[]): number | undefined {
  const value = changes.find(({ name }) => name === ":status")?.values[0];
  return value === undefined ? undefined : Number(value);
}
