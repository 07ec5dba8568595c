import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { Cors, Preflight } from "../gateway.ts";
import { aList, anObject, chosen } from "./chosen.ts";
import { fields, list, text, wholeNumber } from "./fields.ts";
import { isOriginPattern } from "./url.ts";
import { methodName, requestHeader, responseHeader } from "./values.ts";

/** Which pages of other origins may call a service. */

const { maxTextLength, maxListLength } = CONFIG_LIMITS;

const origin = text(
  'an origin as browsers send it, like "https://app.example.com"; "https://*.example.com" for all names below; or "*"',
  (value) => value === "*" || isOriginPattern(value),
  maxTextLength,
);

const origins = v.pipe(
  chosen<string | string[]>(
    "an origin, or a list of origins",
    [[aList, list(origin, "a list of origins", { min: 1, max: maxListLength })]],
    origin,
  ),
  v.transform((value) => (typeof value === "string" ? [value] : value)),
);

export const cors: v.GenericSchema<unknown, Cors> = fields({
  origins,
  methods: v.optional(list(methodName, 'a list of methods, like ["GET"]', { min: 1, max: 20 }), [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
  ]),
  headers: v.optional(list(requestHeader, "a list of header names", { min: 0, max: 100 }), [
    "authorization",
    "content-type",
  ]),
  exposedHeaders: v.optional(list(responseHeader, "a list of header names", { min: 0, max: 100 }), []),
  maxAgeSeconds: v.optional(wholeNumber(0, CONFIG_LIMITS.maxPreflightAgeSeconds, "seconds"), 600),
  credentials: v.optional(v.boolean("true or false"), false),
});

/** `answer` is the older spelling of `cors`. */
export type ParsedPreflight = Preflight | { readonly answer: Cors };

const PREFLIGHT_ALLOWED = '"authorize", "pass", or { answer: { origins: [...] } }';

export const preflight = chosen<ParsedPreflight>(
  PREFLIGHT_ALLOWED,
  [[anObject, fields({ answer: cors })]],
  v.picklist(["authorize", "pass"], PREFLIGHT_ALLOWED),
);
