import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

/** Replaces a gateway whose configuration is wrong: answers every request with 503 and the problems. */
export function explainProblems(problems: string) {
  console.error(problems);
  const worker: ExportedHandler = { fetch: () => new Response(`${problems}\n`, { status: 503 }) };
  return {
    worker,
    ServiceObject: class extends DurableObject {},
    AuthorizationCalls: class extends WorkerEntrypoint {},
  };
}
