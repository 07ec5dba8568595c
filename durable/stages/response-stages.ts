import type { Decision, HeaderChange, HeaderList, HttpStream, Refusal, RespondOutcome } from "../../wasm/host/index.ts";
import type { ExchangeStages } from "../rpc.ts";
import type { StageDeadline } from "./stage-deadline.ts";

/**
 * Runs the filter's own response through the filter's response stages, as Envoy does, so that a filter also changes its
 * refusals. If the filter answers with another response there, that one counts and skips the stages.
 */
export async function throughResponseStages(
  stream: HttpStream,
  response: RespondOutcome,
  stages: ExchangeStages,
  deadline: StageDeadline,
): Promise<Refusal> {
  if (!stages.response) return response;
  const { body } = response;
  const sent: HeaderList = [[":status", String(response.status)], ...response.headers];
  const deciding = stream.responseHeaders(sent, body.length === 0);
  // A filter may hold back the head until it has seen the body, so it gets the whole body at once.
  const passing = stages.responseBody && body.length > 0 ? stream.responseBody(body, true) : undefined;
  const outcome = passing instanceof Promise ? await deadline.wait(passing) : passing;
  if (outcome !== undefined && outcome.kind !== "continue" && outcome.kind !== "buffer") return outcome;
  const decision = deciding instanceof Promise ? await deadline.wait(deciding) : deciding;
  if (decision.kind !== "continue") return decision;
  return changedResponse(response, decision, outcome?.kind === "continue" ? outcome.body : body);
}

function changedResponse(
  response: RespondOutcome,
  { changes }: Extract<Decision, { kind: "continue" }>,
  body: Uint8Array,
): RespondOutcome {
  const status = changes.find(({ name }) => name === ":status")?.values[0];
  const headers = withChanges(
    response.headers,
    changes.filter(({ name }) => !name.startsWith(":")),
  );
  return { ...response, status: status === undefined ? response.status : Number(status), headers, body };
}

/** The headers, with changed ones last. */
function withChanges(headers: HeaderList, changes: readonly HeaderChange[]): HeaderList {
  const touched = new Set(changes.map(({ name }) => name));
  const kept = headers.filter(([name]) => !touched.has(name.toLowerCase()));
  return [...kept, ...changes.flatMap(({ name, values }) => values.map((value): [string, string] => [name, value]))];
}
