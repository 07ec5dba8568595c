import { configuration, NamedHeader, QuestionPiece, Rule } from "./configuration";
import { credentialScheme, SCHEME_BASIC, SCHEME_BEARER, token } from "./credentials";
import { putJsonLetters, putJsonString, putJsonText, putJsonWords } from "./json-writer";
import { putPathParameters } from "./path-parameters";
import { requestAuthority, requestMethod, requestScheme, sentUri } from "./request";
import { indexOfByte, Span } from "./span";
import { putByte, putSpan, putText } from "./text-writer";

/**
 * Puts the question to a decision point as the configuration forms it: its texts, and after each a field of the request. The
 * key has every field (decision-key.ts); the form is part of the configuration's version.
 */

/* Fields as config/question.ts numbers them. */
const NOTHING: u32 = 0;
const SUBJECT: u32 = 1;
const KIND: u32 = 2;
const METHOD: u32 = 3;
const PERMISSION_OR_METHOD: u32 = 4;
const URI: u32 = 5;
const HOST: u32 = 6;
const SCHEME: u32 = 7;
const RULE: u32 = 8;
const SCOPES: u32 = 9;
const HEADERS: u32 = 10;
const PERMISSION: u32 = 11;
const PATTERN: u32 = 12;
const URI_WITHOUT_PATTERN: u32 = 13;
const URL: u32 = 14;
const PATH: u32 = 15;
const PARAMETERS: u32 = 16;

/** A piece whose text is left out too if the request lacks the field. */
const OPTIONAL: u32 = 32;
/** Above every field, with or without OPTIONAL. */
export const FIELDS_END: f64 = 64;

const path = changetype<Span>(memory.data(8));

/** @param subject the verified subject, or absent to send the credential itself */
export function putQuestion(rule: Rule | null, subject: Span): void {
  let piece: QuestionPiece | null = configuration.question;
  while (piece !== null) {
    const field = piece.field & (OPTIONAL - 1);
    if (!(piece.field & OPTIONAL) || isThere(field, rule)) {
      putSpan(piece.text);
      putField(field, rule, subject);
    }
    piece = piece.next;
  }
}

function isThere(field: u32, rule: Rule | null): bool {
  const hasPattern = rule !== null && rule.uri.isPresent;
  if (field == PATTERN || field == PARAMETERS) return hasPattern;
  if (field == URI_WITHOUT_PATTERN) return !hasPattern;
  return rule !== null && (field != PERMISSION || rule.permission.isPresent);
}

function putField(field: u32, rule: Rule | null, subject: Span): void {
  if (field == NOTHING) return;
  if (field == SUBJECT) putJsonString(subject.isPresent ? subject : token);
  else if (field == KIND) putJsonText(credentialKind());
  else if (field == METHOD) putJsonString(requestMethod);
  else if (field == PERMISSION_OR_METHOD) {
    putJsonString(rule !== null && rule.permission.isPresent ? rule.permission : requestMethod);
  } else if (field == URI || field == URI_WITHOUT_PATTERN) {
    const uri = sentUri(rule);
    putJsonString(uri.isPresent ? uri : configuration.service);
  } else if (field == HOST) putJsonString(requestAuthority);
  else if (field == SCHEME) putJsonString(requestScheme);
  else if (field == HEADERS) putChosenHeaders();
  else if (field == SCOPES) {
    if (rule !== null) putJsonWords(rule.scopes);
    else putText("[]");
  } else if (field == URL) {
    putByte(0x22);
    putJsonLetters(requestScheme);
    putText("://");
    putJsonLetters(requestAuthority);
    putJsonLetters(sentUri(rule));
    putByte(0x22);
  } else if (field == PATH || field == PARAMETERS) {
    const uri = sentUri(rule);
    path.set(uri.start, indexOfByte(uri.start, uri.end, 0x3f) - uri.start);
    if (field == PATH) putJsonString(path);
    else if (rule !== null) putPathParameters(rule.uri, path);
  } else if (rule !== null) {
    putJsonString(field == RULE ? rule.name : field == PERMISSION ? rule.permission : rule.uri);
  }
}

/** Puts `{ … }` with the chosen headers that the request has. */
function putChosenHeaders(): void {
  putByte(0x7b);
  let isFirst = true;
  let header: NamedHeader | null = configuration.requestHeaders;
  while (header !== null) {
    if (header.value.isPresent) {
      if (!isFirst) putByte(0x2c);
      isFirst = false;
      putJsonString(header.name);
      putByte(0x3a);
      putJsonString(header.value);
    }
    header = header.next;
  }
  putByte(0x7d);
}

/** The credential's kind, for a decision point that verifies it itself. */
function credentialKind(): string {
  if (credentialScheme() == SCHEME_BEARER) return "bearer";
  return credentialScheme() == SCHEME_BASIC ? "basic" : "opaque";
}
