import { parseArgs } from "node:util";

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** File for the summary, besides standard output. */
  readonly json: string | undefined;
}

export const SOAK_USAGE = `npm run soak [-- options]   mixed, faulty and hostile traffic; compares every answer with a reference

  --minutes N   how long; may be a fraction (default 10)
  --seed N      seed of the schedule (default: a random one, which is shown)
  --json FILE   also write the summary to this file`;

export type ParsedSoak =
  | { readonly kind: "run"; readonly options: SoakOptions }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

export function parseSoakOptions(args: string[], randomSeed: () => number): ParsedSoak {
  try {
    const { values } = parseArgs({
      args,
      options: {
        minutes: { type: "string", default: "10" },
        seed: { type: "string" },
        json: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    const minutes = Number(values.minutes);
    if (!(minutes > 0 && minutes <= 1_440)) return wrong("--minutes", values.minutes, "a number above 0, at most 1440");
    const seed = values.seed === undefined ? randomSeed() : Number(values.seed);
    if (!Number.isSafeInteger(seed) || seed < 0) return wrong("--seed", String(values.seed), "a whole number");
    return { kind: "run", options: { minutes, seed, json: values.json } };
  } catch (error) {
    return { kind: "wrong", message: error instanceof Error ? error.message : String(error) };
  }
}

function wrong(option: string, found: string, allowed: string): ParsedSoak {
  return { kind: "wrong", message: `${option} is ${JSON.stringify(found)}; allowed is ${allowed}` };
}
