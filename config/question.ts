import type { DecisionPoint } from "./gateway.ts";
import type { Json } from "./input.ts";

/**
 * What a decision point is asked, as the built-in filter puts it together: texts of JSON, and after each a field of the request
 * that goes there. The filter knows fields only, so that the form of a question takes no room in its memory.
 */

/** Fields as the filter numbers them (wasm/filter/assembly/question.ts). */
const FIELD = {
  nothing: 0,
  /** The verified subject, or the credential itself. */
  subject: 1,
  /** The credential's kind: bearer, basic or opaque. */
  kind: 2,
  method: 3,
  permissionOrMethod: 4,
  /** The part of the URI that is sent; the service if there is none. */
  uri: 5,
  host: 6,
  scheme: 7,
  rule: 8,
  scopes: 9,
  headers: 10,
  permission: 11,
  /** The pattern of the matched rule, if it is sent. */
  pattern: 12,
  /** As `uri`, if no pattern is sent. */
  uriWithoutPattern: 13,
  /** The whole URL, as far as it is sent. */
  url: 14,
  path: 15,
  /** What the pattern's parameters stand for in the path. */
  parameters: 16,
} as const;

type FieldName = keyof typeof FIELD;

/** A field that the request may lack: then its text is left out too. */
const OPTIONAL = 32;

class Question {
  readonly #pieces: Json[] = [];
  #text = "";

  text(text: string): this {
    this.#text += text;
    return this;
  }

  /** A text, and a field after it. */
  put(text: string, field: FieldName): this {
    this.#pieces.push(this.#text + text, FIELD[field]);
    this.#text = "";
    return this;
  }

  /** A text and a field, if the request has that. */
  optional(text: string, field: FieldName): this {
    if (this.#text !== "") this.put("", "nothing");
    this.#pieces.push(text, FIELD[field] + OPTIONAL);
    return this;
  }

  get pieces(): Json[] {
    return this.#text === "" ? this.#pieces : this.put("", "nothing").#pieces;
  }
}

type Asked = Pick<DecisionPoint, "protocol" | "uri" | "subject" | "subjectType" | "resource" | "action">;

/** The question for a decision point, texts and fields by turns. */
export function questionOf(authorization: Asked, service: string): Json[] {
  const question = new Question();
  if (authorization.protocol === "authzen") askAuthZen(question, authorization, JSON.stringify(service));
  else askOpa(question, authorization, JSON.stringify(service));
  return question.pieces;
}

/**
 * OpenID AuthZEN Authorization API 1.0, Access Evaluation (section 6).
 *
 * subject   { type: "user", id: verified sub }, or { type: "token", id: the credential, properties: { kind } } for a
 *           decision point that verifies it itself
 * action    { name: the rule's permission or the method, properties: { method } }
 * resource  { type: "uri", id: the sent part of the URI, else the service, properties: { service, host, scheme, rule } };
 *           with a rule's pattern as id, the type is "rule"
 * context   { scopes, headers }
 *
 * Or a resource as gateways of the working group's interoperability events name it: { type: "route", id: the rule's pattern,
 * properties: { uri, schema, hostname, path, params } }.
 */
function askAuthZen(question: Question, asked: Asked, service: string): void {
  const { subject, subjectType, resource, action, uri } = asked;
  const type = JSON.stringify(subjectType ?? (subject === undefined ? "token" : "user"));
  question.put(`{"subject":{"type":${type},"id":`, "subject");
  if (subject === undefined) question.put(',"properties":{"kind":', "kind").text("}");
  question.put('},"action":{"name":', action === "method" ? "method" : "permissionOrMethod");
  question.put(',"properties":{"method":', "method").text('}},"resource":{"type":');
  if (resource === "route") {
    question.optional('"route","id":', "pattern").optional('"uri","id":', "uriWithoutPattern");
    question.text(`,"properties":{"service":${service}`);
    question.put(',"schema":', "scheme").put(',"hostname":', "host");
    if (uri === "path" || uri === "path-and-query") {
      question.put(',"uri":', "url").put(',"path":', "path").optional(',"params":', "parameters");
    }
  } else {
    if (uri === "rule") question.optional('"rule","id":', "pattern").optional('"uri","id":', "uriWithoutPattern");
    else question.put('"uri","id":', "uri");
    question.text(`,"properties":{"service":${service}`).put(',"host":', "host").put(',"scheme":', "scheme");
  }
  question.optional(',"rule":', "rule");
  question.put('}},"context":{"scopes":', "scopes").put(',"headers":', "headers").text("}}");
}

/**
 * Open Policy Agent's data API: POST /v1/data/… with { input: { service, rule, method, host, scheme, uri, headers, scopes,
 * permission, and either subject (verified) or token and credential (its kind) } }.
 */
function askOpa(question: Question, { subject, uri }: Asked, service: string): void {
  question.text(`{"input":{"service":${service}`).optional(',"rule":', "rule");
  question.put(',"method":', "method").put(',"host":', "host").put(',"scheme":', "scheme");
  if (uri !== "none") question.put(',"uri":', "uri");
  question.put(',"headers":', "headers").put(',"scopes":', "scopes").optional(',"permission":', "permission");
  if (subject === undefined) question.put(',"token":', "subject").put(',"credential":', "kind");
  else question.put(',"subject":', "subject");
  question.text("}}");
}
