import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { Credential } from "../gateway.ts";
import { HEADER_NAME, isForwardedHeader } from "../header-names.ts";
import { OPERATOR_COOKIE } from "../operator-cookie.ts";
import { discriminated } from "./chosen.ts";
import { fields, list, text } from "./fields.ts";
import { requestHeader } from "./values.ts";

/** Places where a request may have its credential. */

const { maxTextLength } = CONFIG_LIMITS;

/** A scheme of RFC 9110 11.1; in lower case. */
const scheme = v.pipe(
  text('a scheme like "Bearer", without blanks', HEADER_NAME, 40),
  v.transform((value) => value.toLowerCase()),
);

const prefix = text('the text before the credential, of visible ASCII characters, like "key="', /^[\x21-\x7e]+$/, 40);

const credentialHeader = v.pipe(
  requestHeader,
  v.check(
    (value) => !isForwardedHeader(value),
    "a header that clients send; the gateway itself sets this one on every request",
  ),
  v.check(
    (value) => !PARSED_HEADERS.includes(value),
    'another header; for this one use from: "authorization", from: "cookie" or from: "websocket-protocol", which parse it',
  ),
);

const PARSED_HEADERS = ["authorization", "cookie", "sec-websocket-protocol"];

const parameter = text(
  "the name of a query parameter, of letters, digits, and the characters . _ ~ -",
  /^[0-9A-Za-z._~-]+$/,
  100,
);

const credential = discriminated<Credential>("from", {
  authorization: fields({
    from: v.literal("authorization"),
    schemes: list(scheme, 'a list of schemes, like "Bearer", "Basic" or "ApiKey"', { min: 1, max: 8 }),
  }),
  header: v.pipe(
    fields({
      from: v.literal("header"),
      name: credentialHeader,
      scheme: v.optional(scheme),
      prefix: v.optional(prefix),
    }),
    v.forward(
      v.check((header) => header.scheme === undefined || header.prefix === undefined, "a scheme or a prefix, not both"),
      ["prefix"],
    ),
  ),
  cookie: fields({
    from: v.literal("cookie"),
    name: v.pipe(
      text("the name of a cookie", HEADER_NAME, maxTextLength),
      v.check((name) => name !== OPERATOR_COOKIE, "another cookie: this one is the operator's, and no service gets it"),
    ),
  }),
  query: fields({ from: v.literal("query"), name: parameter }),
  "websocket-protocol": fields({
    from: v.literal("websocket-protocol"),
    name: v.optional(text("the name of a WebSocket subprotocol", HEADER_NAME, maxTextLength), "bearer"),
  }),
  certificate: fields({ from: v.literal("certificate") }),
});

export const credentials = list(credential, "a list of places where the credential may be", { min: 1, max: 8 });
