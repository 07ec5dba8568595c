import { DurableObject } from "cloudflare:workers";

/** In place of a gateway whose configuration is wrong: lets nobody in, and tells everybody what is wrong with it. */
export function explainProblems(problems: string) {
  console.error(problems);
  const worker: ExportedHandler = { fetch: () => new Response(`${problems}\n`, { status: 503 }) };
  return { worker, ServiceObject: class extends DurableObject {} };
}
