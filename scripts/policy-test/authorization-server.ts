import {
  AUTHZEN_METADATA_PATH,
  asksWithoutCredential,
  introspectedSubject,
  issuersOf,
} from "../../config/authorization-parts.ts";
import type { Expectation } from "../../config/gateway.ts";
import { type Issuer, matchRule, type Service } from "../../config/index.ts";
import { isPlainObject } from "../../config/schema/fields.ts";
import { claimsOf, withoutNulls } from "./claims.ts";
import type { Asker } from "./credential.ts";
import { asExpected, replyIssuer } from "./signed-replies.ts";
import type { ReceivedRequest, StandInReply } from "./stand-in-server.ts";
import type { TokenIssuers } from "./token-issuers.ts";

/** A reply of a scripted server, and what the report says about it. */
export interface Answered {
  readonly reply: StandInReply;
  /** `token of ann -> active, scope "orders:read"`; undefined: not worth a line, such as a key set. */
  readonly note: string | undefined;
}

/**
 * The authorization server of a service, as its protocol wants it. It knows only the users of the file, and decides by what it is
 * asked: it refuses whom the file says it refuses, what `may` leaves out, and what needs scopes or a permission that the user
 * lacks, as docs/scopes.md asks of every server.
 */
export async function answerCall(
  service: Service,
  cluster: string,
  call: ReceivedRequest,
  asker: Asker | undefined,
  issuers: TokenIssuers,
): Promise<Answered> {
  const { filterKind } = service;
  if (filterKind.kind === "other") throw new Error(`${service.name}: a filter of the user's own has scripted replies`);
  const { authorization } = filterKind;
  const path = call.url.pathname + call.url.search;
  const issuer = [...issuersOf(authorization), replyIssuer(authorization)].find(
    (candidate): candidate is Issuer =>
      candidate !== undefined && isKeySetOf(candidate, cluster, path) && call.method === "GET",
  );
  if (issuer !== undefined) return keySet(issuer, issuers);
  if (authorization.protocol === "jwt" || authorization.protocol === "api-keys") return unknownPath(path);
  const subject = introspectedSubject(authorization);
  if (subject?.cluster === cluster && subject.path === path) {
    // The decision point refuses; here the token counts as active.
    return asExpected(introspect(subject.expect, call, asker, false), authorization, issuers);
  }
  if (authorization.cluster !== cluster) return unknownPath(path);
  if (authorization.path === AUTHZEN_METADATA_PATH) {
    if (path === AUTHZEN_METADATA_PATH) return { reply: json(metadataOf(service, cluster)), note: undefined };
    return path === EVALUATION_PATH && authorization.protocol === "authzen"
      ? evaluate(call, asker, authorization)
      : unknownPath(path);
  }
  if (authorization.path !== path) return unknownPath(path);
  switch (authorization.protocol) {
    case "introspection":
      return asExpected(
        introspect(authorization.expect, call, asker, asker?.user.refusedWith !== undefined),
        authorization,
        issuers,
      );
    case "forward-auth":
      return check(call, asker, asksWithoutCredential(authorization));
    case "authzen":
      return evaluate(call, asker, authorization);
    case "opa":
      return queryPolicy(call, asker, authorization);
  }
}

/** Where the metadata of a decision point name its endpoint. */
const EVALUATION_PATH = "/access/v1/evaluation";

function metadataOf({ clusters }: Service, cluster: string) {
  const target = clusters[cluster]!;
  const base = "url" in target ? target.url : `https://${target.authority}`;
  return { policy_decision_point: base, access_evaluation_endpoint: base + EVALUATION_PATH };
}

function isKeySetOf({ keys }: Issuer, cluster: string, path: string): boolean {
  return keys.from === "cluster" && keys.cluster === cluster && keys.path === path;
}

export async function keySet(issuer: Issuer, issuers: TokenIssuers): Promise<Answered> {
  return { reply: json(await issuers.keySet(issuer)), note: undefined };
}

function unknownPath(path: string): Answered {
  return {
    reply: { status: 404, headers: {}, body: "" },
    note: `${path} is nothing that the configuration asks -> 404`,
  };
}

function introspect(
  expect: readonly Expectation[],
  { body }: ReceivedRequest,
  asker: Asker | undefined,
  isRefused: boolean,
): Answered {
  if (asker === undefined || new URLSearchParams(body).get("token") !== asker.credential) {
    return { reply: json({ active: false }), note: "token of no user -> inactive" };
  }
  if (isRefused) return { reply: json({ active: false }), note: `token of ${asker.name} -> inactive` };
  const asExpected = Object.fromEntries(expect.map(({ claim, anyOf }) => [claim, anyOf[0]!]));
  const claims = withoutNulls({ ...asExpected, ...claimsOf(asker.name, asker.user) });
  return {
    reply: json({ active: true, ...claims }),
    note: `token of ${asker.name} -> active, ${JSON.stringify(claims)}`,
  };
}

/** Where it sends those who shall sign in. */
const LOGIN = "https://login.example/";

/** What a server that decides itself is asked. */
interface Question {
  readonly isAboutAsker: boolean;
  readonly method: string;
  /** Undefined if the gateway sends none (`uri: "none"`). */
  readonly uri: string | undefined;
  readonly scopes: readonly string[];
  readonly permission: string | undefined;
}

/** Why the server refuses, or undefined if it allows. */
function whyRefused(question: Question, asker: Asker | undefined): string | undefined {
  if (asker === undefined || !question.isAboutAsker) return "no user has this credential";
  const { user, name } = asker;
  if (user.refusedWith !== undefined) return `${name} is refused`;
  const missing = question.scopes.filter((scope) => !user.scopes.includes(scope));
  if (missing.length > 0) return `${name} lacks ${missing.join(" ")}`;
  const { permission, uri, method } = question;
  if (permission !== undefined && !user.permissions.includes(permission)) return `${name} lacks ${permission}`;
  if (user.may === undefined) return undefined;
  const [path = ""] = (uri ?? "").split("?", 1);
  const match = matchRule({ rules: user.may, unmatched: "deny", paths: "literal" }, method, path);
  return match.kind === "public" ? undefined : `${name} may not ${method} ${uri ?? "(no URI was sent)"}`;
}

function noteOf(question: Question, asker: Asker | undefined, why: string | undefined): string {
  const needs = [
    ...(question.scopes.length === 0 ? [] : [`scopes ${question.scopes.join(" ")}`]),
    ...(question.permission === undefined ? [] : [`permission ${question.permission}`]),
  ];
  const about = question.isAboutAsker ? asker?.name : "nobody known";
  const what = [question.method, question.uri ?? "", ...needs].filter((part) => part !== "").join(" ");
  return `may ${about ?? "nobody known"} ${what}? -> ${why === undefined ? "yes" : `no: ${why}`}`;
}

/** @param begins whether it begins a login for a page that is asked for without a credential, as such servers do */
function check({ headers }: ReceivedRequest, asker: Asker | undefined, begins: boolean): Answered {
  const question: Question = {
    isAboutAsker: asker !== undefined && Object.values(headers).some((value) => value.includes(asker.credential)),
    method: headers["x-forwarded-method"] ?? "",
    uri: headers["x-forwarded-uri"],
    scopes: wordsIn(headers["x-ebb-scopes"]),
    permission: headers["x-ebb-permission"],
  };
  const why = whyRefused(question, asker);
  const note = noteOf(question, asker, why);
  if (why === undefined) return { reply: { status: 200, headers: asker!.user.upstreamHeaders, body: "" }, note };
  if (begins && asker === undefined && headers.accept?.includes("text/html")) {
    return { reply: { status: 302, headers: { location: LOGIN }, body: "" }, note };
  }
  const status = asker?.user.refusedWith ?? (question.isAboutAsker ? 403 : 401);
  return { reply: { status, headers: {}, body: "" }, note };
}

function evaluate({ body }: ReceivedRequest, asker: Asker | undefined, { uri }: { readonly uri: string }): Answered {
  const { subject, action, resource, context } = parsed(body);
  const method = textIn(action, "properties", "method");
  const name = textIn(action, "name");
  const question: Question = {
    isAboutAsker: isSubject(textIn(subject, "properties", "kind") !== "", textIn(subject, "id"), asker),
    method,
    // Beside the name of a route is the path, if it is sent.
    uri: uri === "none" ? undefined : textIn(resource, "properties", "path") || textIn(resource, "id"),
    scopes: textsIn(context, "scopes"),
    permission: name === method ? undefined : name,
  };
  const why = whyRefused(question, asker);
  const allowed = { decision: true, context: { headers: asker?.user.upstreamHeaders ?? {} } };
  return { reply: json(why === undefined ? allowed : { decision: false }), note: noteOf(question, asker, why) };
}

function queryPolicy({ body }: ReceivedRequest, asker: Asker | undefined, { uri }: { readonly uri: string }): Answered {
  const { input } = parsed(body);
  const token = textIn(input, "token");
  const permission = textIn(input, "permission");
  const question: Question = {
    isAboutAsker: isSubject(token !== "", token === "" ? textIn(input, "subject") : token, asker),
    method: textIn(input, "method"),
    uri: uri === "none" ? undefined : textIn(input, "uri"),
    scopes: textsIn(input, "scopes"),
    permission: permission === "" ? undefined : permission,
  };
  const why = whyRefused(question, asker);
  const allowed = { result: { allow: true, headers: asker?.user.upstreamHeaders ?? {} } };
  return {
    reply: json(why === undefined ? allowed : { result: { allow: false } }),
    note: noteOf(question, asker, why),
  };
}

/** A decision point is asked about a token, or about the subject of one that was verified before. */
function isSubject(isToken: boolean, id: string, asker: Asker | undefined): boolean {
  if (asker === undefined) return false;
  return isToken ? id === asker.credential : id === claimsOf(asker.name, asker.user).sub;
}

export function json(value: unknown): StandInReply {
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

function parsed(body: string): Record<string, unknown> {
  const value: unknown = JSON.parse(body);
  return isPlainObject(value) ? value : {};
}

function memberOf(value: unknown, names: readonly string[]): unknown {
  return names.reduce<unknown>((inner, name) => (isPlainObject(inner) ? inner[name] : undefined), value);
}

function textIn(value: unknown, ...names: string[]): string {
  const found = memberOf(value, names);
  return typeof found === "string" ? found : "";
}

function textsIn(value: unknown, ...names: string[]): string[] {
  const found = memberOf(value, names);
  return Array.isArray(found) ? found.map(String) : [];
}

function wordsIn(text = ""): string[] {
  return text.split(" ").filter((word) => word !== "");
}
