import type { Explanation } from "./explain.ts";
import type { Expected } from "./policy-file.ts";
import { decisionText } from "./test-line.ts";

/** What became of a test's request. */
export interface Outcome {
  /** The client's response; undefined if there was none. */
  readonly response:
    | {
        readonly status: number;
        readonly reason: string | undefined;
        /** Names in lower case. */
        readonly headers: Readonly<Record<string, string>>;
      }
    | undefined;
  /** What the upstream got; undefined: nothing. */
  readonly upstream:
    | { readonly method: string; readonly url: string; readonly headers: Readonly<Record<string, string>> }
    | undefined;
  /** What the servers were asked and what they answered, one line each. */
  readonly asked: readonly string[];
}

/** Something that is not as expected. */
export interface Difference {
  /** `decision`, or a header: `upstream x-user`, `response location`. */
  readonly what: string;
  readonly expected: string;
  readonly happened: string;
}

/** Status of the upstream's stand-in. */
export const UPSTREAM_STATUS = 200;

/** Everything that is not as expected; empty if the test passes. */
export function differences(expected: Expected, outcome: Outcome, need: Explanation["need"]): Difference[] {
  const found: Difference[] = [];
  if (!isMet(expected.decision, outcome, need)) {
    found.push({ what: "decision", expected: decisionText(expected.decision), happened: happenedText(outcome, need) });
  }
  const compare = (
    part: string,
    wanted: Expected["upstream"],
    headers: Readonly<Record<string, string>> | undefined,
  ) => {
    for (const [name, value] of Object.entries(wanted)) {
      const happened = headers !== undefined && Object.hasOwn(headers, name) ? headers[name]! : null;
      if (headers === undefined || happened === value) continue;
      found.push({ what: `${part} ${name}`, expected: value ?? ABSENT, happened: happened ?? ABSENT });
    }
  };
  compare("upstream", expected.upstream, outcome.upstream?.headers);
  compare("response", expected.response, outcome.response?.headers);
  return found;
}

const ABSENT = "(absent)";

function isMet(decision: Expected["decision"], outcome: Outcome, need: Explanation["need"]): boolean {
  if (decision.kind === "allow") return isAllowed(outcome) && (!decision.isPublic || need === "public");
  const { response } = outcome;
  if (isAllowed(outcome) || response?.status !== decision.status) return false;
  return decision.reason === undefined || decision.reason === response.reason;
}

function isAllowed({ response, upstream }: Outcome): boolean {
  return upstream !== undefined && response?.status === UPSTREAM_STATUS && response.reason === undefined;
}

/** `allow (public)`, `403 no_rule`. */
export function happenedText(outcome: Outcome, need: Explanation["need"]): string {
  const { response, upstream } = outcome;
  if (isAllowed(outcome)) return need === "public" ? "allow (public)" : "allow";
  if (response === undefined) return "no answer";
  const reason = response.reason === undefined ? "" : ` ${response.reason}`;
  return `${response.status}${reason}${upstream === undefined ? "" : ", after the upstream was asked"}`;
}
