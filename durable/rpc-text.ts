import type { HeaderChange } from "../wasm/host/index.ts";
import { decodeTrace } from "./request-trace.ts";
import type { AllowedBy, Continue, DecideRequest } from "./rpc.ts";

/**
 * The question to an object, and its usual answer, as one text each: fields end at line feeds, which none of them can hold.
 * workerd copies a text as it is, while an object's every field and every nested array is serialized on its own.
 */
const END = "\n";
/** Fields before the headers. */
const FIELDS = 12;
/** The headers that the Worker looked for: nothing, this, or this sign and their names. */
const ALL = "*";
const LISTED = "=";

/** @throws TypeError if a field holds a line feed; the Worker has refused such requests before */
export function encodeAsk(ask: DecideRequest): string {
  const { sentHeaders, headers, source } = ask;
  const fields = [
    ask.configVersion,
    ask.service,
    ask.serviceVersion,
    sentHeaders === undefined ? "" : sentHeaders === "all" ? ALL : LISTED + sentHeaders.join(","),
    ask.method,
    ask.path,
    ask.query,
    ask.host,
    ask.scheme,
    source.address,
    ask.endOfStream ? "1" : "0",
    ask.doneInWorker.join(","),
  ];
  const text = headers.length === 0 ? fields.join(END) : `${fields.join(END)}${END}${headers.join(END)}`;
  if (countOf(text) !== FIELDS + headers.length - 1) throw new TypeError("a field of the question holds a line feed");
  return text;
}

/**
 * Undefined if the text is not a question.
 * @param trace what came beside it (request-trace.ts)
 * @param body the first bytes of the request's body, if they came too
 */
export function decodeAsk(text: unknown, trace?: unknown, body?: unknown): DecideRequest | undefined {
  if (typeof text !== "string") return undefined;
  const fields = text.split(END);
  if (fields.length < FIELDS || (fields.length - FIELDS) % 2 !== 0) return undefined;
  const [configVersion, service, serviceVersion, sent, method, path, query, host, scheme, address, end, done] =
    fields as [...Twelve];
  if ((scheme !== "http" && scheme !== "https") || !isFlag(end)) return undefined;
  if (sent !== "" && sent !== ALL && !sent.startsWith(LISTED)) return undefined;
  return {
    configVersion,
    service,
    serviceVersion,
    ...(sent === "" ? {} : { sentHeaders: sent === ALL ? "all" : namesIn(sent.slice(LISTED.length)) }),
    method,
    path,
    query,
    host,
    scheme,
    headers: fields.slice(FIELDS),
    source: { address },
    endOfStream: end === "1",
    doneInWorker: namesIn(done),
    trace: decodeTrace(trace),
    ...(body instanceof Uint8Array ? { requestBody: body } : {}),
  };
}

function isFlag(field: string): boolean {
  return field === "0" || field === "1";
}

function namesIn(list: string): string[] {
  return list === "" ? [] : list.split(",");
}

type Twelve = [string, string, string, string, string, string, string, string, string, string, string, string];

/** What an answer begins with if the Worker wants to know where it comes from. */
const SIGNS: Readonly<Record<AllowedBy, string>> = {
  cache: "c",
  server: "s",
  coalesced: "w",
  fail_open: "o",
  unchecked: "u",
};
const BY: ReadonlyMap<string, AllowedBy> = new Map(
  (Object.keys(SIGNS) as AllowedBy[]).map((by) => [SIGNS[by], by] as const),
);

/**
 * An answer `continue`: where it comes from, if `saysBy`, and how long it is fresh; then for each change its name, the number of
 * values, and the values. Undefined if a text cannot hold them. None holds headers for the client, which few answers have: an
 * object sent as it is may have fields that a Worker of another deployment does not know.
 */
export function encodeContinue({ changes, freshForMs, by, forClient }: Continue, saysBy = false): string | undefined {
  if (forClient !== undefined) return undefined;
  const first = saysBy && by !== undefined ? `${SIGNS[by]}${freshForMs}` : String(freshForMs);
  if (changes.length === 0) return first;
  const fields = [first];
  for (const { name, values } of changes) fields.push(name, String(values.length), ...values);
  const text = fields.join(END);
  return countOf(text) === fields.length - 1 ? text : undefined;
}

/** @throws TypeError if the text is no such answer */
export function decodeContinue(text: string): Continue {
  const fields = text.split(END);
  const by = BY.get(text.charAt(0));
  const freshForMs = wholeNumber(by === undefined ? fields[0] : fields[0]?.slice(1));
  const changes: HeaderChange[] = [];
  for (let at = 1; at < fields.length; ) {
    const end = at + 2 + wholeNumber(fields[at + 1]);
    if (!(end <= fields.length)) throw new TypeError("the object's answer is not a list of changes");
    changes.push({ name: fields[at]!, values: fields.slice(at + 2, end) });
    at = end;
  }
  return { kind: "continue", changes, freshForMs, by };
}

function wholeNumber(field: string | undefined): number {
  if (field === undefined || !/^\d{1,15}$/.test(field)) throw new TypeError("the object's answer lacks a number");
  return Number(field);
}

function countOf(text: string): number {
  let count = 0;
  for (let at = text.indexOf(END); at >= 0; at = text.indexOf(END, at + 1)) count += 1;
  return count;
}
