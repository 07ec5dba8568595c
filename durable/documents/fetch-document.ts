import { boundedBody } from "../outbound/bounded-body.ts";

export const DOCUMENT_LIMITS = {
  bodyBytes: 512 * 1024,
  /** For discovery, each document; a cluster has its own, up to a limit: the platform ends what a request began after 30 s. */
  timeoutMs: 5_000,
  maxTimeoutMs: 25_000,
} as const;

/**
 * Fetches a JSON object: metadata, or a key set.
 * @throws Error that says what is wrong, for the log
 */
export async function jsonFrom(
  url: string,
  send: (request: Request) => Promise<Response>,
  timeoutMs: number,
): Promise<object> {
  const signal = AbortSignal.timeout(timeoutMs);
  const request = new Request(url, { headers: { accept: "application/json" }, redirect: "manual", signal });
  const response = await send(request).catch((error: unknown) => {
    throw new Error(`${url} does not answer: ${nameOf(error)}`);
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`${url} answers ${response.status}`);
  }
  const body = await boundedBody(response, DOCUMENT_LIMITS.bodyBytes).catch((error: unknown) => {
    throw new Error(`${url} does not answer to the end: ${nameOf(error)}`);
  });
  if (body === undefined) throw new Error(`${url} answers more than ${DOCUMENT_LIMITS.bodyBytes} bytes`);
  const value = parsed(body);
  if (typeof value !== "object" || value === null) throw new Error(`${url} answers no JSON object`);
  return value;
}

/** Messages of errors can hold more than a log should. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "error";
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    return undefined;
  }
}
