import type { CommandResult } from "../command-result.ts";
import type { OperatorTarget } from "./options.ts";

/** A restart moves caches, and a purge of many services asks each of them. */
const TIMEOUT_MS = 60_000;

/** The page of statistics with its query, or an action with the fields of its request. */
export type OperatorQuestion =
  | { readonly page: "stats"; readonly query: URLSearchParams }
  | { readonly page: "purge" | "restart"; readonly fields: Readonly<Record<string, string | boolean>> };

/** Asks an operator's page of a running gateway. Prints its JSON; says what to do where the gateway refuses. Never throws. */
export async function askOperatorPage(target: OperatorTarget, question: OperatorQuestion): Promise<CommandResult> {
  const path = pathOf(target, question);
  let status: number;
  let headers: Headers;
  let text: string;
  try {
    const response = await fetch(target.origin + path, {
      ...(question.page !== "stats" && { method: "POST", body: JSON.stringify(question.fields) }),
      headers: target.token === undefined ? {} : { authorization: `Bearer ${target.token}` },
      // The token and the credential are for this gateway only.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    ({ status, headers } = response);
    text = await response.text();
  } catch (error) {
    return complaint(
      `No answer from ${target.origin}: ${reasonOf(error)}. Is the gateway running, and is --url right?`,
    );
  }
  const body = jsonIn(text);
  if (status === 200 && body?.services !== undefined) {
    const report = JSON.stringify(body, null, 2);
    return isRestarted(body.services) ? { ok: true, report } : { ok: false, report, complaint: NOT_RESTARTED };
  }
  if (status === 503 && body?.services !== undefined) {
    const failed = "Not every service did it: those with an error are unchanged. Ask again.";
    return { ok: false, report: JSON.stringify(body, null, 2), complaint: failed };
  }
  return complaint(refusal(target, path, { status, headers, body }));
}

const NOT_RESTARTED = "Not every filter was restarted: `why` says what stands in the way. Ask again in a moment.";

/** Whether no restart was refused. A filter that is not in memory (`not_running`) holds none, and starts afresh. */
function isRestarted(services: unknown): boolean {
  return Object.values(services as Record<string, { restarted?: unknown; why?: unknown }>).every(
    ({ restarted, why }) => restarted !== false || why === "not_running",
  );
}

function pathOf({ prefix }: OperatorTarget, question: OperatorQuestion): string {
  if (question.page !== "stats") return `${prefix}/${question.page}`;
  return question.query.size === 0 ? prefix : `${prefix}?${question.query}`;
}

interface Refusal {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

function refusal(
  { origin, token, tokenName }: OperatorTarget,
  path: string,
  { status, headers, body }: Refusal,
): string {
  switch (body?.error) {
    case "operator_token_required":
      return token === undefined
        ? `The gateway wants its operator token: put it into the environment variable ${tokenName}.`
        : `The gateway does not accept the token in the environment variable ${tokenName}.`;
    case "operator_token_unusable":
      return "The gateway's own operator token is unusable: set a new one of 16 or more characters, and deploy.";
    case "too_many_attempts":
      return `Too many wrong tokens: try again in ${headers.get("retry-after") ?? "60"} s.`;
    case "other_service":
      return `The token in the environment variable ${tokenName} does not open that service.`;
    case "not_this_machine":
      return "A gateway in development opens these pages for this machine only: name it by localhost.";
    case "bad_request":
      return `The gateway refuses that: ${String(body.message)}`;
  }
  if (status >= 300 && status < 400) {
    return `${origin}${path} leads elsewhere (${status}): name the gateway's own address with --url.`;
  }
  const reason = typeof body?.error === "string" ? ` (${body.error})` : "";
  return `${origin}${path} answered ${status}${reason}, not as an Ebb gateway: are --url and --prefix right?`;
}

function jsonIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message || ("code" in cause ? String(cause.code) : error.message);
}

function complaint(message: string): CommandResult {
  return { ok: false, complaint: message };
}
