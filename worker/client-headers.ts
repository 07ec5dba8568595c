import { type FlatHeaders, unflattenHeaders } from "../durable/flat-headers.ts";
import { privately } from "./privately.ts";
import type { Outcome } from "./replies.ts";
import { changedResponse } from "./response.ts";

/**
 * Gives the client what the authorization server sent for it with its allow: also if the upstream fails, because the server may have
 * replaced the session already. Such a response is for one client.
 */
export function withClientHeaders(outcome: Outcome, given: FlatHeaders | undefined): Outcome {
  if (given === undefined || given.length === 0) return outcome;
  return outcome.ok
    ? { ok: true, response: withHeaders(outcome.response, given) }
    : { ok: false, reply: withHeaders(outcome.reply, given) };
}

function withHeaders(response: Response, given: FlatHeaders): Response {
  // The upstream's own cookies stay; of any other header the client gets the server's.
  const values = new Map([["set-cookie", response.headers.getSetCookie()]]);
  for (const [name, value] of unflattenHeaders(given)) values.set(name, [...(values.get(name) ?? []), value]);
  const changes = [
    ...[...values].map(([name, of]) => ({ name, values: of })),
    ...privately(response.headers, values.get("cache-control")?.join(", ")),
  ];
  return changedResponse(response, changes, response.webSocket === null ? response.body : null);
}
