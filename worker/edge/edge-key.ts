import { type Service, unkeyedHeadersOf } from "../../config/index.ts";
import type { FlatHeaders } from "../../durable/flat-headers.ts";
import type { DecideRequest } from "../../durable/rpc.ts";
import { encodeAsk } from "../../durable/rpc-text.ts";

/**
 * The text by which an allow is kept here: the whole question, without the headers that no decision depends on
 * (`unkeyedHeaders`). What the Worker's configuration leaves out, the object's does too: an object with another one never
 * answers the first question, and answers to the second are not kept (needed-headers.ts, ask-object.ts).
 *
 * @param text the whole question, encoded
 */
export function edgeKeyText(
  { filterKind }: Pick<Service, "filterKind">,
  question: DecideRequest,
  text: string,
): string {
  const unkeyed = filterKind.kind === "built-in" ? unkeyedHeadersOf(filterKind.authorization) : [];
  return unkeyed.length === 0 ? text : encodeAsk({ ...question, headers: without(question.headers, unkeyed) });
}

function without(headers: FlatHeaders, names: readonly string[]): string[] {
  const left: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (!names.includes(headers[at]!)) left.push(headers[at]!, headers[at + 1]!);
  }
  return left;
}
