import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { ProtectedResource } from "../gateway.ts";
import { fields, list, text } from "./fields.ts";
import { scopes } from "./rules.ts";
import { isIssuerUrl } from "./url.ts";

/** What a service says of itself to OAuth clients (RFC 9728). All of it is public. */

const { maxTextLength, maxIssuers } = CONFIG_LIMITS;

/** RFC 8414 2: no query and no fragment. A last slash is part of the name. */
const authorizationServer = text(
  'the issuer of an authorization server, an http(s) URL without query, like "https://login.example.com/"',
  isIssuerUrl,
  maxTextLength,
);

const page = text(
  "the http(s) URL of a page",
  (value) => /^https?:\/\/[\x21-\x7e]+$/.test(value) && URL.canParse(value),
  maxTextLength,
);

const name = text("a name of 1 to 200 characters", (value) => /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(value), maxTextLength);

export const resource: v.GenericSchema<unknown, ProtectedResource> = fields({
  authorizationServers: v.pipe(
    list(authorizationServer, "a list of issuers", { min: 1, max: maxIssuers }),
    v.transform((servers) => [...new Set(servers)]),
  ),
  scopes: v.optional(scopes),
  name: v.optional(name),
  documentation: v.optional(page),
});
