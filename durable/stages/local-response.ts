import type { Decision, HeaderChange, HeaderList, HttpStream, Refusal, RespondOutcome } from "../../wasm/host/index.ts";
import type { ExchangeStages } from "../rpc.ts";
import type { StageDeadline } from "./stage-deadline.ts";

/**
 * The filter's own response on its way through the filter's response stages, as in Envoy: what a filter does to every
 * response it does to its refusals too. Its second thoughts count; they do not pass the stages again.
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
  // A filter that holds back its head until it has seen the body is shown all of it at once.
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

/** Headers with the final values of those that were touched, which come last. */
function withChanges(headers: HeaderList, changes: readonly HeaderChange[]): HeaderList {
  const touched = new Set(changes.map(({ name }) => name));
  const kept = headers.filter(([name]) => !touched.has(name.toLowerCase()));
  return [...kept, ...changes.flatMap(({ name, values }) => values.map((value): [string, string] => [name, value]))];
}
