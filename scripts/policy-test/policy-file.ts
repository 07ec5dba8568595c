import * as v from "valibot";
import { HEADER_NAME } from "../../config/header-names.ts";
import type { Rule } from "../../config/index.ts";
import type { Json } from "../../config/input.ts";
import { parseRoutePattern } from "../../config/route-pattern.ts";
import { fields, isPlainObject, list, named, text, wholeNumber } from "../../config/schema/fields.ts";
import { methodName, visibleText } from "../../config/schema/values.ts";
import { type ReplyInput, repliesSchema } from "../filter/input-schema.ts";
import { type Decision, parseDecision, parseRequestLine, parseTestLine, type RequestLine } from "./test-line.ts";
import { USER_NAME } from "./user-name.ts";

/** The shape of a file with policy tests. */

export interface PolicyFile {
  /** The configuration's file, as written. */
  readonly gateway: string;
  /** Host of requests that name none. */
  readonly host?: string | undefined;
  /** Values of secrets and variables; others are made up. */
  readonly environment: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, User>>;
  readonly tests: readonly PolicyTest[];
}

/** Header names are in lower case. */
type Headers = Readonly<Record<string, string>>;

/** Who asks, and what the servers know about them. */
export interface User {
  readonly scopes: readonly string[];
  readonly permissions: readonly string[];
  /** Of the token, or of the introspection's reply. */
  readonly claims: Readonly<Record<string, Json>>;
  /** Headers that a server which allows gives for the upstream. */
  readonly upstreamHeaders: Headers;
  /** The server always says no; under forward-auth with this status. */
  readonly refusedWith?: number | undefined;
  /** All that a server which decides itself allows; undefined: everything that scopes and permissions do not forbid. */
  readonly may?: readonly Rule[] | undefined;
  /** Headers of the user's requests, besides the credential. */
  readonly sends: Headers;
  /** What the servers answer that a filter of the user's own asks. */
  readonly replies: readonly ReplyInput[];
}

export interface PolicyTest {
  readonly request: RequestLine;
  readonly as?: string | undefined;
  readonly host?: string | undefined;
  readonly headers: Headers;
  readonly body: string;
  readonly replies?: readonly ReplyInput[] | undefined;
  readonly expected: Expected;
}

export interface Expected {
  readonly decision: Decision;
  /** Headers that the upstream gets; null: it gets no such header. */
  readonly upstream: Readonly<Record<string, string | null>>;
  /** The same of the client's response. */
  readonly response: Readonly<Record<string, string | null>>;
}

const MAX_TEXT = 65_536;
const MAX_USERS = 1_000;
const MAX_TESTS = 10_000;
const MAX_ITEMS = 1_000;

const TEST_ALLOWED = 'a text like "POST /orders/1 as ann -> allow", or an object with request, as and expect';

const DECISION_ALLOWED = 'a decision: "allow", "allow (public)", or a status and a reason like "403 no_rule"';

const userName = text(
  "the name of a user: a letter, then letters, digits and . _ @ -, at most 63 characters",
  (name) => USER_NAME.test(name),
  63,
);

const headerName = v.pipe(
  text("names of HTTP headers", (name) => HEADER_NAME.test(name), 1_024),
  v.transform((name) => name.toLowerCase()),
);

const HEADER_VALUE = "a text without control characters, a number, true or false";

const headerValue = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], HEADER_VALUE),
  v.transform(String),
  v.check((value) => !/[^\t\P{Cc}]/u.test(value) && value.length <= MAX_TEXT, HEADER_VALUE),
);

const NO_HEADERS: Headers = {};
const headers = v.optional(
  named(headerName, headerValue, "an object from header names to values", MAX_ITEMS),
  NO_HEADERS,
);

/** With these, the request would be another one than the test says, or would never end. */
const FRAMING_HEADERS = ["host", "content-length", "transfer-encoding", "expect"];

/** Headers of a client's request. */
const sentHeaders = v.pipe(
  headers,
  v.check(
    (sent) => !FRAMING_HEADERS.some((name) => Object.hasOwn(sent, name)),
    `headers other than ${FRAMING_HEADERS.join(", ")}; a test has a field for the host`,
  ),
);

const expectedHeaders = v.optional(
  named(
    headerName,
    v.lazy((input: unknown): v.GenericSchema<unknown, string | null> => (input === null ? v.null() : headerValue)),
    "an object from header names to values, null for a header that must not be there",
    MAX_ITEMS,
  ),
  {},
);

const scope = visibleText("a scope without blanks");
const words = (allowed: string, item = visibleText("a text")) =>
  v.optional(
    list(
      v.pipe(
        item,
        v.check((value) => !value.includes(" "), `${allowed}, each without blanks`),
      ),
      allowed,
      { min: 0, max: MAX_ITEMS },
    ),
    [],
  );

/** `GET /orders/*`, or `/orders/*` for every method. */
const mayPattern: v.GenericSchema<unknown, Rule> = v.pipe(
  v.string('a text like "GET /orders/*"'),
  v.rawTransform<string, Rule>(({ dataset, addIssue, NEVER }) => {
    const [path = "", method, ...more] = dataset.value.split(/\s+/).reverse();
    const parsed = parseRoutePattern(path);
    const methods = method === undefined ? undefined : [method];
    const wrongMethod = method === undefined ? undefined : v.safeParse(methodName, method).issues?.[0].message;
    if (!parsed.ok || more.length > 0 || wrongMethod !== undefined) {
      const why = parsed.ok ? (wrongMethod ?? "one method and one path") : parsed.allowed;
      addIssue({ message: `a text like "GET /orders/*": ${why}` });
      return NEVER;
    }
    return { name: "may", path, pattern: parsed.pattern, methods, access: { kind: "public" } };
  }),
);

const refusal: v.GenericSchema<unknown, number | undefined> = v.optional(
  v.lazy(
    (input: unknown): v.GenericSchema<unknown, number> =>
      input === true
        ? v.pipe(
            v.literal(true),
            v.transform(() => DEFAULT_REFUSAL),
          )
        : wholeNumber(300, 499, "the status of the server's refusal; or true"),
  ),
);

/** Of a forward-auth server. */
const DEFAULT_REFUSAL = 403;

const claims: v.GenericSchema<unknown, Readonly<Record<string, Json>>> = v.custom<Record<string, Json>>(
  isPlainObject,
  "an object of claims, as in a token",
);

const userFields = fields({
  scopes: words("a list of scopes", scope),
  permissions: words("a list of permissions"),
  claims: v.optional(claims, {}),
  upstreamHeaders: headers,
  refused: refusal,
  may: v.optional(list(mayPattern, 'a list of texts like "GET /orders/*"', { min: 0, max: MAX_ITEMS })),
  sends: sentHeaders,
  replies: v.optional(repliesSchema, []),
});

const userObject: v.GenericSchema<unknown, User> = v.pipe(
  userFields,
  v.transform(({ refused: refusedWith, ...others }) => ({ ...others, refusedWith })),
);

/** `eve: refused`, and `joe:` without anything. */
const userText: v.GenericSchema<unknown, User> = v.pipe(
  v.custom<"refused" | null>(
    (input) => input === "refused" || input === null,
    'an object with scopes, claims and others; or "refused"',
  ),
  v.transform((input) => v.parse(userObject, input === "refused" ? { refused: true } : {})),
);

const user: v.GenericSchema<unknown, User> = v.lazy((input: unknown) => (isPlainObject(input) ? userObject : userText));

/** A text that a parser of its own reads. */
function parsedText<Output>(
  allowed: string,
  parse: (value: string) => Output | { readonly allowed: string },
): v.GenericSchema<unknown, Output> {
  return v.pipe(
    v.string(allowed),
    v.rawTransform<string, Output>(({ dataset, addIssue, NEVER }) => {
      const parsed = parse(dataset.value);
      if (typeof parsed !== "object" || parsed === null || !("allowed" in parsed)) return parsed as Output;
      addIssue({ message: parsed.allowed });
      return NEVER;
    }),
  );
}

const decision = v.pipe(
  v.lazy((input: unknown) => (typeof input === "number" ? v.pipe(v.number(), v.transform(String)) : v.unknown())),
  parsedText(DECISION_ALLOWED, parseDecision),
);

const NOTHING_MORE = { upstream: {}, response: {} };

const expected: v.GenericSchema<unknown, Expected> = v.pipe(
  v.lazy(
    (input: unknown): v.GenericSchema<unknown, Expected> =>
      isPlainObject(input)
        ? fields({ decision, upstream: expectedHeaders, response: expectedHeaders })
        : v.pipe(
            decision,
            v.transform((only) => ({ decision: only, ...NOTHING_MORE })),
          ),
  ),
  v.description(`${DECISION_ALLOWED}; or an object with decision, upstream and response`),
);

const host = text(
  "a host, optionally with a port",
  (value) => /^[a-z0-9._-]+(?::\d{1,5})?$|^\[[0-9a-f:.]+\](?::\d{1,5})?$/i.test(value),
  1_024,
);

const shortTest: v.GenericSchema<unknown, PolicyTest> = v.pipe(
  parsedText(TEST_ALLOWED, parseTestLine),
  v.transform(({ request, as, decision }) => ({
    request,
    as,
    headers: NO_HEADERS,
    body: "",
    expected: { decision, ...NOTHING_MORE },
  })),
);

const longTest: v.GenericSchema<unknown, PolicyTest> = v.pipe(
  fields({
    request: v.pipe(
      parsedText('a request like "POST /orders/1"', parseRequestLine),
      v.description('a request like "POST /orders/1"'),
    ),
    as: v.optional(userName),
    host: v.optional(host),
    headers: sentHeaders,
    body: v.optional(
      text("a text", () => true, MAX_TEXT),
      "",
    ),
    replies: v.optional(repliesSchema),
    expect: expected,
  }),
  v.transform(({ expect, ...others }) => ({ ...others, expected: expect })),
);

const test: v.GenericSchema<unknown, PolicyTest> = v.pipe(
  v.lazy((input: unknown) => (isPlainObject(input) ? longTest : shortTest)),
  v.description(TEST_ALLOWED),
);

export const policyFileSchema: v.GenericSchema<unknown, PolicyFile> = fields({
  gateway: v.optional(visibleText("the file of the configuration, seen from this one"), "gateway.config.ts"),
  host: v.optional(host),
  environment: v.optional(
    named(
      text("the name of a secret or variable", (name) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name), 1_024),
      v.string("a text; nothing that is secret elsewhere"),
      "an object from the names of secrets and variables to their values in these tests",
      MAX_ITEMS,
    ),
    {},
  ),
  users: v.optional(named(userName, user, "an object from names to users", MAX_USERS), {}),
  tests: v.pipe(
    list(test, "a list of tests", { min: 1, max: MAX_TESTS }),
    v.description("a list of tests, at least one"),
  ),
});
