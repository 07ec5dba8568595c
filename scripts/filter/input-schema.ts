import * as v from "valibot";
import { fields, isPlainObject, list, refused, text, wholeNumber } from "../../config/schema/fields.ts";
import type { HeaderList } from "../../wasm/host/index.ts";

/** Shapes of the JSON files that describe a request, the upstream's response, and replies of servers. */

/** A request to send through a filter. `{n}` in its texts becomes the number of the request. */
export interface RequestInput {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly scheme: "http" | "https";
  readonly headers: HeaderList;
  /** The chunks as they arrive; empty: no body. */
  readonly body: readonly Uint8Array[];
  readonly trailers: HeaderList;
  /** Envoy attributes by dotted path. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

export interface ResponseInput {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: readonly Uint8Array[];
  readonly trailers: HeaderList;
}

/** A server's answer to matching calls of a filter. */
export interface ReplyInput {
  readonly cluster: string;
  /** Undefined: any path. With `*` at its end: every path that begins so. */
  readonly path: string | undefined;
  readonly delayMs: number;
  readonly answer:
    | { readonly kind: "fail"; readonly reason: "reset" | "timeout" }
    | {
        readonly kind: "reply";
        readonly status: number;
        readonly headers: HeaderList;
        readonly body: Uint8Array;
        readonly trailers: HeaderList;
      };
}

const MAX_TEXT = 1_024 * 1_024;
const MAX_ITEMS = 10_000;

const headerName = text(
  "names of HTTP headers (the method, path, authority and scheme have fields of their own)",
  (name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name),
  1_024,
);
const headerValue = text("a text without line breaks", (value) => !/[\0\r\n]/.test(value), MAX_TEXT);
const headerValues = list(headerValue, "a list of texts", { min: 0, max: MAX_ITEMS });

const headersByName: v.GenericSchema<unknown, HeaderList> = v.pipe(
  v.custom<Record<string, unknown>>(
    isPlainObject,
    "headers: an object of names and values, or a list of [name, value]",
  ),
  v.record(
    headerName,
    v.pipe(
      v.lazy(
        (input: unknown): v.GenericSchema<unknown, string | string[]> =>
          Array.isArray(input) ? headerValues : headerValue,
      ),
    ),
  ),
  v.transform((byName) =>
    Object.entries(byName).flatMap(([name, values]) => [values].flat().map((value) => header(name, value))),
  ),
);

const headersInOrder: v.GenericSchema<unknown, HeaderList> = v.pipe(
  list(v.tuple([headerName, headerValue], "a pair [name, value]"), "a list of pairs [name, value]", {
    min: 0,
    max: MAX_ITEMS,
  }),
  v.transform((pairs) => pairs.map(([name, value]) => header(name, value))),
);

function header(name: string, value: string): [string, string] {
  return [name.toLowerCase(), value];
}

const headers = v.optional(
  v.lazy((input: unknown) => (Array.isArray(input) ? headersInOrder : headersByName)),
  () => ({}),
);

/** As in the gateway, where a filter sees each name once. */
const requestHeaders = v.pipe(
  headers,
  v.transform((list): HeaderList => {
    const joined = new Map<string, string>();
    for (const [name, value] of list) {
      const before = joined.get(name);
      joined.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    return [...joined];
  }),
);

const encoder = new TextEncoder();
const BODY = 'a text, { "base64": "…" }, or a list of those, one for each chunk';

const chunk: v.GenericSchema<unknown, Uint8Array> = v.lazy((input: unknown) =>
  isPlainObject(input)
    ? v.pipe(
        fields({ base64: text("base64", (value) => /^[A-Za-z0-9+/]*={0,2}$/.test(value), 64 * MAX_TEXT) }),
        v.transform(({ base64 }) => Uint8Array.from(Buffer.from(base64, "base64"))),
      )
    : v.pipe(
        v.string(BODY),
        v.transform((value) => encoder.encode(value)),
      ),
);

const body = v.optional(
  v.lazy(
    (input: unknown): v.GenericSchema<unknown, Uint8Array[]> =>
      Array.isArray(input)
        ? list(chunk, BODY, { min: 0, max: MAX_ITEMS })
        : v.pipe(
            chunk,
            v.transform((only) => (only.length === 0 ? [] : [only])),
          ),
  ),
  "",
);

const path = text('a path like "/orders/1?all"', (value) => /^[/*]\S*$/.test(value), 64 * 1_024);

/** Those that every request has in a gateway. */
const GATEWAY_ATTRIBUTES: RequestInput["attributes"] = {
  "source.address": "192.0.2.1",
  "ebb.client_group": "192.0.2.1",
  "xds.route_name": "",
};

const attribute = v.union([v.string(), v.number(), v.boolean()], "a text, a number, true or false");

export const requestSchema: v.GenericSchema<unknown, RequestInput> = fields({
  method: v.optional(
    text("a method like GET", (value) => /^[A-Za-z-]+$/.test(value), 64),
    "GET",
  ),
  path: v.optional(path, "/"),
  authority: v.optional(
    text("a host, optionally with a port", (value) => /^\S+$/.test(value), 1_024),
    "example.com",
  ),
  scheme: v.optional(v.picklist(["http", "https"], '"http" or "https"'), "https"),
  headers: requestHeaders,
  body,
  trailers: headers,
  attributes: v.optional(
    v.pipe(
      v.custom<Record<string, unknown>>(
        isPlainObject,
        'an object of attributes, like { "source.address": "192.0.2.1:4711" }',
      ),
      v.record(v.string(), attribute),
      v.transform((given) => ({ ...GATEWAY_ATTRIBUTES, ...given })),
    ),
    () => ({}),
  ),
});

const status = v.optional(wholeNumber(200, 599, "a status of HTTP"), 200);

export const responseSchema: v.GenericSchema<unknown, ResponseInput> = fields({
  status,
  headers,
  body,
  trailers: headers,
});

const delayMs = v.optional(wholeNumber(0, 86_400_000, "milliseconds"), 0);
const cluster = text("the name of a cluster, as the filter calls it", (value) => value !== "", 1_024);
const notBoth = refused("no answer with fail, which means that there is none");

const failure: v.GenericSchema<unknown, ReplyInput> = v.pipe(
  fields({
    cluster,
    path: v.optional(path),
    delayMs,
    fail: v.picklist(["reset", "timeout"], '"reset" or "timeout"'),
    status: notBoth,
    headers: notBoth,
    body: notBoth,
    trailers: notBoth,
  }),
  v.transform(
    ({ cluster, path, delayMs, fail }): ReplyInput => ({
      cluster,
      path,
      delayMs,
      answer: { kind: "fail", reason: fail },
    }),
  ),
);

const answer: v.GenericSchema<unknown, ReplyInput> = v.pipe(
  fields({
    cluster,
    path: v.optional(path),
    delayMs,
    status,
    headers,
    body,
    trailers: headers,
    fail: v.optional(v.never()),
  }),
  v.transform(
    ({ cluster, path, delayMs, status, headers, body, trailers }): ReplyInput => ({
      cluster,
      path,
      delayMs,
      answer: { kind: "reply", status, headers, body: Uint8Array.from(Buffer.concat(body)), trailers },
    }),
  ),
);

export const repliesSchema: v.GenericSchema<unknown, ReplyInput[]> = list(
  v.lazy((input: unknown) => (isPlainObject(input) && "fail" in input ? failure : answer)),
  'a list of replies, like [{ "cluster": "auth", "status": 200 }]',
  { min: 0, max: MAX_ITEMS },
);

export const DEFAULT_REQUEST: RequestInput = v.parse(requestSchema, {});

/** The request that `inspect` drives by default: a new path and credential each time, so that caches fill. */
export const DRIVEN_REQUEST: RequestInput = v.parse(requestSchema, {
  path: "/inspect/{n}",
  headers: {
    "user-agent": "ebb-filter-inspect",
    authorization: "Bearer inspect-{n}",
    cookie: "session=inspect-{n}",
    "x-request-id": "inspect-{n}",
  },
});

export const DEFAULT_RESPONSE: ResponseInput = v.parse(responseSchema, {});
