import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type {
  Authorization,
  Body,
  Cache,
  Cors,
  Credential,
  DecisionLogging,
  Enforcement,
  Handler,
  Probe,
  ProtectedResource,
  RateLimit,
  Route,
  Stages,
  Upstream,
  UpstreamAuthorization,
} from "../gateway.ts";
import type { FailurePolicy, FilterLogLevel, Json, PathReading, Ticks, Unmatched } from "../input.ts";
import { whyNotPrefix } from "../path-syntax.ts";
import { authorization, cache } from "./authorization.ts";
import { anObject, chosen, withField, withOneOf, withValue } from "./chosen.ts";
import { cors, type ParsedPreflight, preflight } from "./cors.ts";
import { credentials } from "./credentials.ts";
import { enforcement } from "./enforcement.ts";
import {
  explainedText,
  fields,
  isPlainObject,
  list,
  NOT_IN_JSON,
  named,
  numberFrom,
  refused,
  text,
  wholeNumber,
} from "./fields.ts";
import { logLevel, properties } from "./properties.ts";
import { resource } from "./resource.ts";
import { type ParsedRestart, restart } from "./restart.ts";
import { otherFilterRules, type ParsedRule, rules } from "./rules.ts";
import { body, stages, ticks } from "./stages.ts";
import { originUrl, upstreamUrl } from "./url.ts";
import { bindingName, callPath, identityHeaders, isHostName, json, secretReference } from "./values.ts";

const { maxTextLength, maxListLength } = CONFIG_LIMITS;

/** A service whose fields are each valid; conflicts between them are not yet checked. */
export interface ParsedService {
  readonly route: Route;
  readonly upstream: Upstream;
  readonly filter?: WebAssembly.Module | undefined;
  readonly clusters: Readonly<Record<string, ParsedCluster>>;
  readonly rules: readonly ParsedRule[];
  readonly unmatched: Unmatched;
  readonly paths: PathReading;
  readonly preflight?: ParsedPreflight | undefined;
  readonly cors?: Cors | undefined;
  readonly resource?: ProtectedResource | undefined;
  readonly identityHeaders: readonly string[];
  readonly failurePolicy: FailurePolicy;
  readonly enforcement: Enforcement;
  readonly log?: DecisionLogging | undefined;
  readonly restart: ParsedRestart;
  readonly stages?: Stages | undefined;
  readonly body?: Body | undefined;
  readonly ticks?: Ticks | undefined;
  readonly authorization?: Authorization | undefined;
  readonly credentials?: readonly Credential[] | undefined;
  readonly cache?: Cache | undefined;
  readonly failOpen?: boolean | undefined;
  readonly rateLimit?: RateLimit | undefined;
  readonly upstreamAuthorization?: UpstreamAuthorization | undefined;
  readonly configuration?: Json | undefined;
  readonly vmConfiguration?: Json | undefined;
  readonly rootId?: string | undefined;
  readonly logLevel?: FilterLogLevel | undefined;
  readonly properties?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** A cluster whose host may still be undefined, because its default depends on the cluster's name. */
export type ParsedCluster = {
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly probe?: Probe | undefined;
} & ({ readonly url: string } | { readonly binding: string; readonly host?: string | undefined });

export const prefix = explainedText('a path like "/orders"', whyNotPrefix, maxTextLength);

const host = v.pipe(
  text(
    'a host name without port, like "api.example.com" or "*.example.org"; leave hosts out for any host',
    (value) => isHostName(value.toLowerCase().replace(/^\*\./, "x.")),
    maxTextLength,
  ),
  v.transform((value) => value.toLowerCase()),
);

const route: v.GenericSchema<unknown, Route> = v.pipe(
  fields({
    hosts: v.optional(list(host, "a list of host names", { min: 1, max: maxListLength })),
    prefix: v.optional(prefix),
    stripPrefix: v.optional(v.boolean("true or false"), false),
  }),
  v.check(
    (value) => value.hosts !== undefined || value.prefix !== undefined,
    'hosts, a prefix, or both; prefix: "/" covers everything',
  ),
  v.metadata({ anyOf: [{ required: ["hosts"] }, { required: ["prefix"] }] }),
  v.forward(
    v.check(
      ({ prefix = "/", stripPrefix }) => prefix !== "/" || !stripPrefix,
      'only with a prefix like "/orders"; there is nothing to strip from "/"',
    ),
    ["stripPrefix"],
  ),
  v.transform(({ hosts, prefix, stripPrefix }) => ({ hosts: [...new Set(hosts)], prefix: prefix ?? "/", stripPrefix })),
);

/** Kept as it is: two services with one object have one upstream. */
const handler = v.pipe(
  v.custom<Handler>(isHandler, "an object with a fetch(request, env, ctx) method, like an app of Hono or itty-router"),
  v.metadata(NOT_IN_JSON),
);

/** A server is reached through a URL or a binding; the field that is present decides which. */
function urlOrBinding<Output>(
  byUrl: v.GenericSchema<unknown, Output>,
  byBinding: v.GenericSchema<unknown, Output>,
): v.GenericSchema<unknown, Output> {
  return chosen(
    "an object with url, or with binding (a service binding of this Worker)",
    [[withField("binding"), byBinding]],
    byUrl,
  );
}

const onlyOne = refused("either url or binding, not both");

const onlyHandler = refused("either url, binding or handler, not two of them");

const upstream = chosen<Upstream>(
  "an object with url, with binding (a service binding of this Worker), or with handler (an app in this Worker)",
  [
    [withField("handler"), fields({ url: onlyHandler, binding: onlyHandler, handler })],
    [withField("binding"), fields({ url: onlyOne, binding: bindingName, handler: v.optional(handler) })],
  ],
  fields({ url: upstreamUrl, binding: v.optional(bindingName), handler: v.optional(handler) }),
);

const callLimits = {
  timeoutMs: v.optional(wholeNumber(1, CONFIG_LIMITS.maxTimeoutMs, "milliseconds"), 2_000),
  concurrency: v.optional(wholeNumber(1, CONFIG_LIMITS.maxConcurrency, "calls at once"), 64),
  probe: v.optional(
    fields({ path: v.optional(callPath), behindBalancer: v.optional(v.boolean("true or false"), false) }),
  ),
};

const authority = text(
  'a host name, optionally with ":" and a port',
  (value) => isHostName(value.toLowerCase().replace(/:\d{1,5}$/, "")) && URL.canParse(`http://${value}`),
  maxTextLength,
);

const cluster = urlOrBinding<ParsedCluster>(
  fields({
    url: originUrl,
    binding: v.optional(bindingName),
    host: refused("no host if there is a url, which already has one"),
    ...callLimits,
  }),
  fields({ url: onlyOne, binding: bindingName, host: v.optional(authority), ...callLimits }),
);

/** Filters use the cluster names of their former host ("outbound|443||auth.example"), so almost any text is valid. */
const clusterName = text("a cluster name without spaces and control characters", /^[\x21-\x7e]+$/, maxTextLength);

/** Any text that a module's author chose, up to the usual length. */
const rootId = text("a text", () => true, maxTextLength);

const filter = v.pipe(
  v.custom<WebAssembly.Module>(
    isWebAssemblyModule,
    'a WebAssembly module: import filter from "ebb/filter.wasm" (in the repository: "./wasm/filter/build/filter.wasm")',
  ),
  v.metadata(NOT_IN_JSON),
);

const REPLACEMENT_ALLOWED = '"keep", "remove", or { replace: secret("NAME") }';

const upstreamAuthorization = chosen<UpstreamAuthorization>(
  REPLACEMENT_ALLOWED,
  [[anObject, fields({ replace: secretReference })]],
  v.picklist(["keep", "remove"], REPLACEMENT_ALLOWED),
);

const log = fields({
  decisions: v.picklist(["refused", "all"], '"refused" or "all"'),
  sample: v.optional(numberFrom(0, 1, "a share of the lines"), 1),
});

const common = {
  route,
  upstream,
  filter,
  clusters: v.optional(named(clusterName, cluster, "an object from cluster names to servers", 100), {}),
  unmatched: v.optional(v.picklist(["authenticate", "deny"], '"authenticate" or "deny"'), "authenticate"),
  paths: v.optional(v.picklist(["lenient", "literal"], '"lenient" or "literal"'), "lenient"),
  preflight: v.optional(preflight),
  cors: v.optional(cors),
  resource: v.optional(resource),
  identityHeaders: v.optional(identityHeaders, []),
  failurePolicy: v.optional(v.picklist(["closed", "open", "reload"], '"closed", "open" or "reload"'), "closed"),
  enforcement: v.optional(enforcement, "enforce"),
  log: v.optional(log),
  restart: v.optional(restart, {}),
};

const rateLimit = fields({ binding: bindingName });

const HEAD_ONLY = "only with a configuration (any other filter); the built-in filter decides on the head alone";

const OF_OTHERS = "only with a configuration (any other filter); the built-in filter has none";

const ofBuiltInFilter = {
  ...common,
  authorization,
  configuration: refused("either authorization (the built-in filter) or configuration (any other filter), not both"),
  credentials: v.optional(credentials, [{ from: "authorization", schemes: ["bearer"] }]),
  rules: v.optional(rules, []),
  cache: v.optional(cache, {}),
  failOpen: v.optional(v.boolean("true or false"), false),
  rateLimit: v.optional(rateLimit),
  upstreamAuthorization: v.optional(upstreamAuthorization, "keep"),
  vmConfiguration: refused(OF_OTHERS),
  rootId: refused(OF_OTHERS),
  logLevel: refused("only with a configuration (any other filter); the built-in filter logs errors only"),
  properties: refused("only with a configuration (any other filter); the built-in filter reads no others"),
  stages: refused(HEAD_ONLY),
  body: refused(HEAD_ONLY),
  ticks: refused("only with a configuration (any other filter); the built-in filter ticks by itself"),
};

const builtInService: v.GenericSchema<unknown, ParsedService> = fields(ofBuiltInFilter);

/** The Worker decides, so no filter is needed. Settings of the filter are valid, to change the protocol and nothing else. */
const inWorkerService: v.GenericSchema<unknown, ParsedService> = fields({
  ...ofBuiltInFilter,
  filter: v.optional(filter),
});

const BUILT_IN_ONLY =
  "only with authorization (the built-in filter); this filter has its own, set in its configuration";

const otherService: v.GenericSchema<unknown, ParsedService> = fields({
  ...common,
  configuration: json,
  vmConfiguration: v.optional(json),
  rootId: v.optional(rootId),
  logLevel: v.optional(logLevel),
  properties: v.optional(properties),
  authorization: refused("no authorization if there is a configuration"),
  credentials: refused(BUILT_IN_ONLY),
  rules: v.optional(otherFilterRules, []),
  cache: refused(BUILT_IN_ONLY),
  failOpen: refused(BUILT_IN_ONLY),
  rateLimit: refused(BUILT_IN_ONLY),
  upstreamAuthorization: refused(BUILT_IN_ONLY),
  stages: v.optional(stages),
  body: v.optional(body),
  ticks: v.optional(ticks),
});

const UNDECIDED = "an authorization (for the built-in filter), or instead a configuration (for any other filter)";

/** Neither kind. Every field is still checked, so that all problems are reported at once. */
const undecidedService: v.GenericSchema<unknown, ParsedService> = v.pipe(
  fields({
    ...common,
    authorization: v.optional(authorization),
    configuration: v.optional(json),
    vmConfiguration: v.optional(json),
    rootId: v.optional(rootId),
    logLevel: v.optional(logLevel),
    properties: v.optional(properties),
    credentials: v.optional(credentials),
    rules: v.optional(rules, []),
    cache: v.optional(cache),
    failOpen: v.optional(v.boolean("true or false")),
    rateLimit: v.optional(rateLimit),
    upstreamAuthorization: v.optional(upstreamAuthorization),
    stages: v.optional(stages),
    body: v.optional(body),
    ticks: v.optional(ticks),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!isPlainObject(dataset.value)) return;
    addIssue({
      path: [{ type: "unknown", origin: "value", input: dataset.value, key: "authorization", value: undefined }],
      input: undefined,
      message: UNDECIDED,
    });
  }),
  v.metadata({ anyOf: [{ required: ["authorization"] }, { required: ["configuration"] }], "x-refused": true }),
);

/** A service with the built-in filter or with another one; the field that is present decides which. */
export const service = chosen<ParsedService>(
  UNDECIDED,
  [
    [withOneOf(["authorization", "protocol"], ["jwt", "api-keys"]), inWorkerService],
    [withValue("authorization"), builtInService],
    [withValue("configuration"), otherService],
  ],
  undecidedService,
);

function isHandler(value: unknown): value is Handler {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && "fetch" in value && typeof value.fetch === "function";
}

/** Checks the tag, not the class: a module may come from another realm (a test runner's, a tool's). */
function isWebAssemblyModule(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object WebAssembly.Module]";
}
