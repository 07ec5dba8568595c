/** One request of a trace: `client` is the token's subject, `key` the requested resource. */
export interface TraceRequest {
  /** Seconds from the start of the trace; never decreases. */
  atSeconds: number;
  client: number;
  key: number;
}

export interface TraceProblem {
  /** Counted from 1, as editors do. */
  line: number;
  text: string;
  reason: string;
}

export interface Trace {
  requests: TraceRequest[];
  /** Lines that were left out. */
  problems: TraceProblem[];
}

const COLUMNS = "t,client,key";
/** How much of a bad line a message repeats: a binary file given by mistake must not flood the terminal. */
const SHOWN_CHARACTERS = 60;

/**
 * Reads a trace: a header `t,client,key`, then one request per line (seconds from the start, integer ids), sorted by time.
 * Accepts empty lines, `\r\n`, a byte order mark and a missing header. Leaves out and reports any other bad line, so that
 * the rest of the trace can be used.
 */
export function parseTrace(text: string): Trace {
  const trace: Trace = { requests: [], problems: [] };
  let latestSeconds = 0;
  const lines = text.replace(/^\ufeff/, "").split("\n");
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === "" || (index === 0 && line === COLUMNS)) continue;
    const parsed = parseLine(line, latestSeconds);
    if (typeof parsed === "string") {
      trace.problems.push({ line: index + 1, text: shown(line), reason: parsed });
    } else {
      trace.requests.push(parsed);
      latestSeconds = parsed.atSeconds;
    }
  }
  return trace;
}

/** The beginning of a line, without control characters, which a terminal would obey. */
function shown(line: string): string {
  return line
    .slice(0, SHOWN_CHARACTERS)
    .toWellFormed()
    .replace(/\p{Cc}/gu, "\u{fffd}");
}

/** The request of a line, or what is wrong with it. */
function parseLine(line: string, latestSeconds: number): TraceRequest | string {
  const fields = line.split(",").map((field) => field.trim());
  if (fields.length !== 3) return `expected 3 fields (${COLUMNS}), found ${fields.length}`;
  const [time, client, key] = fields as [string, string, string];
  if (!/^\d+(\.\d+)?$/.test(time)) return "t is not a number of seconds from the start";
  if (!isId(client)) return "client is not a whole number of at least 0";
  if (!isId(key)) return "key is not a whole number of at least 0";
  const atSeconds = Number(time);
  if (atSeconds < latestSeconds) return `t is before the ${latestSeconds} s of an earlier line`;
  return { atSeconds, client: Number(client), key: Number(key) };
}

function isId(field: string): boolean {
  return /^\d{1,15}$/.test(field);
}
