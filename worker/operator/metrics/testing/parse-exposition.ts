import type { FamilyType } from "../exposition.ts";

export interface ParsedFamily {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly samples: readonly ParsedSample[];
}

export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const HEAD = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(,|$)/;

/**
 * Reads the text format strictly: every family is declared once, by HELP and TYPE, just before its samples, and no series occurs
 * twice. @throws Error with the line that breaks a rule
 */
export function parseExposition(text: string): ParsedFamily[] {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line does not end");
  const families = new Map<string, { name: string; type: FamilyType; help: string; samples: ParsedSample[] }>();
  const series = new Set<string>();
  let current: ReturnType<typeof families.get>;
  let help: { name: string; text: string } | undefined;
  for (const line of text.split("\n").slice(0, -1)) {
    const fail = (what: string): never => {
      throw new Error(`${what}: ${JSON.stringify(line)}`);
    };
    const [, keyword, name = "", rest = ""] = HEAD.exec(line) ?? [];
    if (keyword === "HELP") {
      if (families.has(name)) fail("declared twice");
      help = { name, text: rest };
    } else if (keyword === "TYPE") {
      if (help?.name !== name) fail("no HELP before TYPE");
      if (!["counter", "gauge", "histogram", "untyped"].includes(rest)) fail("no type");
      current = { name, type: rest as FamilyType, help: help!.text, samples: [] };
      families.set(name, current);
    } else {
      const [, sampleName = fail("no sample"), labelText = "", value = ""] = SAMPLE.exec(line) ?? [];
      if (current === undefined || !belongsTo(sampleName, current)) fail("not of the family above it");
      const labels = parseLabels(labelText, fail);
      const key = `${sampleName} ${JSON.stringify(Object.entries(labels).toSorted())}`;
      if (series.has(key)) fail("occurs twice");
      series.add(key);
      const number = value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value);
      if (Number.isNaN(number)) fail("no number");
      current!.samples.push({ name: sampleName, labels, value: number });
    }
  }
  for (const { name, samples } of families.values()) if (samples.length === 0) throw new Error(`${name} has no sample`);
  return [...families.values()];
}

function belongsTo(sample: string, { name, type }: { readonly name: string; readonly type: FamilyType }): boolean {
  if (type !== "histogram") return sample === name;
  return [`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(sample);
}

function parseLabels(text: string, fail: (what: string) => never): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const [all, name, value, end] = LABEL.exec(rest) ?? fail("no label");
    if (name! in labels) fail("a label twice");
    labels[name!] = value!.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
    rest = rest.slice(all.length);
    if (end === "," && rest === "") fail("a comma too many");
  }
  return labels;
}
