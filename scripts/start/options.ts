import { parseArgs } from "node:util";

export interface StartOptions {
  port: number;
  /** Shortens the lives of decisions and instances to a thirtieth, so that one can watch a restart. */
  fast: boolean;
  /** Shows all of wrangler's output, including a line for each request. */
  verbose: boolean;
  /** Whether the build starts the filters. */
  trial: boolean;
}

export type ParsedStart =
  | { kind: "run"; options: StartOptions }
  | { kind: "help" }
  | { kind: "wrong"; message: string };

export const START_USAGE = `npm start [-- options]      serves the gateway with a demo authorization server and upstream

  --fast        short TTL and collection: watch a restart within minutes
  --verbose     show all of wrangler's output, including a line for each request
  --no-trial    does not start the filters while it builds

  PORT=8788 npm start      serves on another port than 8787`;

const DEFAULT_PORT = 8787;

export function parseStartOptions(args: string[], environment: { PORT?: string | undefined }): ParsedStart {
  const port = readPort(environment.PORT);
  if (port === undefined) {
    const found = JSON.stringify(environment.PORT);
    return { kind: "wrong", message: `PORT is ${found}; allowed is a whole number from 1 to 65535.` };
  }
  try {
    const { values } = parseArgs({
      args,
      options: {
        fast: { type: "boolean", default: false },
        verbose: { type: "boolean", default: false },
        "no-trial": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    return { kind: "run", options: { port, fast: values.fast, verbose: values.verbose, trial: !values["no-trial"] } };
  } catch (error) {
    if (error instanceof TypeError) return { kind: "wrong", message: error.message };
    throw error;
  }
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
