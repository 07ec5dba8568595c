import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { Body, Stages } from "../gateway.ts";
import type { StageInput } from "../input.ts";
import { fields, list, wholeNumber } from "./fields.ts";

/** The stages a filter sees besides a request's head, the limit for bodies, and what runs ticks. */

const STAGES = {
  "request-body": "requestBody",
  "response-headers": "responseHeaders",
  "response-body": "responseBody",
} as const satisfies Record<StageInput, keyof Stages>;

const STAGE_NAMES = Object.keys(STAGES) as StageInput[];

const ALLOWED = `one of ${STAGE_NAMES.map((name) => `"${name}"`).join(", ")}`;
const NO_TRAILERS = `${ALLOWED}; no trailers, which Workers does not hand out: a filter would wait for them in vain`;

const stage: v.GenericSchema<unknown, StageInput> = v.picklist(STAGE_NAMES, ({ received }) =>
  received.includes("trailers") ? NO_TRAILERS : ALLOWED,
);

export const stages: v.GenericSchema<unknown, Stages> = v.pipe(
  list(stage, "a list of stages", { min: 0, max: STAGE_NAMES.length }),
  v.transform((names) => stagesOf(names)),
);

function stagesOf(names: readonly StageInput[]): Stages {
  const on = new Set(names.map((name) => STAGES[name]));
  return {
    requestBody: on.has("requestBody"),
    responseHeaders: on.has("responseHeaders"),
    responseBody: on.has("responseBody"),
  };
}

export const NO_STAGES = stagesOf([]);

export const body: v.GenericSchema<unknown, Body> = fields({
  limitBytes: v.optional(wholeNumber(1, CONFIG_LIMITS.maxBodyBytes, "bytes"), 1024 * 1024),
  whileHeadersPaused: v.optional(v.boolean("true or false"), false),
});

export const DEFAULT_BODY = v.parse(body, {});

export const ticks = v.picklist(["requests", "alarm"], '"requests" or "alarm"');
