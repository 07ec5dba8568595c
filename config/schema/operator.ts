import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import { whyNotPrefix } from "../path-syntax.ts";
import { aBoolean, chosen } from "./chosen.ts";
import { explainedText, fields, list, text } from "./fields.ts";
import { prefix } from "./service.ts";
import { isHostName, secretName, serviceName } from "./values.ts";

const { maxTextLength, maxServices, maxOperatorTokens } = CONFIG_LIMITS;

const operatorPrefix = v.pipe(
  prefix,
  v.check((value) => value !== "/", 'a prefix like "/stats"; "/" would leave no path for services'),
);

const host = v.pipe(
  text(
    'one host name without port or "*", like "ops.example.com"',
    (value) => isHostName(value.toLowerCase()),
    maxTextLength,
  ),
  v.transform((value) => value.toLowerCase()),
);

/** The path of a page outside the prefix. */
function pagePath(example: string) {
  const allowed = `a path like "${example}", or false`;
  const path = explainedText(
    allowed,
    (value) => (value === "/" ? `${allowed}; "/" is a path of services` : whyNotPrefix(value)),
    maxTextLength,
  );
  return chosen<string | false>(allowed, [[aBoolean, v.literal(false, allowed)]], path);
}

const token = fields({
  secret: secretName,
  services: list(serviceName, "a list of services", { min: 1, max: maxServices }),
});

export const operator = fields({
  prefix: v.optional(operatorPrefix, "/stats"),
  tokenSecret: v.optional(secretName, "OPERATOR_TOKEN"),
  host: v.optional(host),
  tokens: v.optional(list(token, "a list of tokens for single services", { min: 0, max: maxOperatorTokens }), []),
  metricsPath: v.optional(pagePath("/metrics")),
  healthPath: v.optional(pagePath("/healthz")),
});

export type ParsedOperator = v.InferOutput<typeof operator>;
