import type { Service } from "../../config/index.ts";
import type { Decision, Refusal, StreamOptions, StreamRequest } from "../../wasm/host/index.ts";
import type { Generation } from "../instances/generation.ts";
import { denyResult } from "../request/decision-answer.ts";
import type { ExchangeStages } from "../rpc.ts";
import { isReplayed } from "./replay.ts";
import { throughResponseStages } from "./response-stages.ts";
import type { StageDeadline } from "./stage-deadline.ts";
import type { Answer } from "./staged-answer.ts";
import { Exchange } from "./staged-exchange.ts";

/**
 * The stages of an exchange that the filter sees after the request's head; undefined if there are none. A body for which the
 * filter has no callback does not pass through the object.
 */
export function exchangeStages(
  { stages }: Service,
  exported: Service["stages"],
  endOfStream: boolean,
): ExchangeStages | undefined {
  const requestBody = stages.requestBody && exported.requestBody && !endOfStream;
  const responseBody = stages.responseBody && exported.responseBody;
  const response = responseBody || (stages.responseHeaders && exported.responseHeaders);
  return requestBody || response ? { requestBody, response, responseBody } : undefined;
}

export interface StagedRequest {
  readonly service: Service;
  readonly generation: Generation;
  readonly request: StreamRequest;
  readonly stages: ExchangeStages;
  readonly deadline: StageDeadline;
  /** How often the request was replayed. */
  readonly replays: number;
  /** Called once, with the decision on a head that is not replayed. */
  readonly onHead: (decision: Decision) => void;
  /** Called for every refusal after the head. */
  readonly onRefusal: (refusal: Refusal) => void;
}

/**
 * Decides on the head of an exchange that has further stages.
 *
 * @returns undefined if the next generation must be asked. Never after `body_first`: the body may have been read by then and
 *   cannot be read twice
 */
export async function decideInStages({ onHead, replays, ...staged }: StagedRequest): Promise<Answer | undefined> {
  const { service, generation, request, stages, deadline } = staged;
  const open = generation.open(request, streamOptions(service));
  try {
    const { whileHeadersPaused } = service.body;
    const dependencies = { ...staged, open, bodyWhileHeadersPaused: whileHeadersPaused };
    const deciding = open.stream.requestHeaders();
    if (deciding instanceof Promise && stages.requestBody && whileHeadersPaused) {
      deciding.then(onHead);
      return { kind: "body_first", stages, exchange: new Exchange(dependencies, deciding) };
    }
    const decision = deciding instanceof Promise ? await deadline.wait(deciding) : deciding;
    if (decision.kind === "continue") {
      onHead(decision);
      const { changes } = decision;
      return { kind: "continue_in_stages", changes, stages, exchange: new Exchange(dependencies) };
    }
    const final =
      decision.kind === "respond" ? await throughResponseStages(open.stream, decision, stages, deadline) : decision;
    open.end();
    if (isReplayed(final, replays)) return undefined;
    onHead(final);
    return denyResult(final);
  } catch (error) {
    open.end();
    throw error;
  }
}

function streamOptions({ stages, body }: Service): StreamOptions {
  return {
    // Workers does not provide trailers.
    stages: { ...stages, requestTrailers: false, responseTrailers: false },
    bodyWhileHeadersPaused: body.whileHeadersPaused,
    bodyLimitBytes: body.limitBytes,
  };
}
