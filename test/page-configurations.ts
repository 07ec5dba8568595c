import { readFileSync } from "node:fs";
import { defineGateway, type GatewayInput, type Secret, secret } from "../config/index.ts";

/** Configurations that pages show. Tests run what a reader would copy. */

export interface ShownConfiguration {
  /** Of the part of the page. */
  readonly heading: string;
  /** With the hosts of the page, which a test may replace. */
  readonly text: string;
}

/** The blocks of TypeScript in a page. Those in JavaScript are not for the gateway. */
export function configurationsIn(page: string): ShownConfiguration[] {
  const parts = readFileSync(page, "utf8").split(/^(?=#+ )/m);
  return parts.flatMap((part) => {
    const heading = /^#+ (.*)$/m.exec(part)?.[1] ?? "";
    return [...part.matchAll(/^```ts\n(.*?)^```/gms)].map(([, text]) => ({ heading, text: text! }));
  });
}

/** Whether the text is all of `gateway.config.ts`; otherwise it is some fields of a service. */
export function isWhole(text: string): boolean {
  return text.includes("export default defineGateway(");
}

/** Evaluates all of `gateway.config.ts`. @param filter what it imports as the filter */
export function wholeConfiguration(text: string, filter: WebAssembly.Module): GatewayInput {
  const body = text.replace(/^import .*$/gm, "").replace("export default", "return");
  return evaluated(body, { defineGateway, secret, filter }) as GatewayInput;
}

/** Evaluates some fields of a service. */
export function fieldsOfService(text: string): Record<string, unknown> {
  return evaluated(`return {${text}};`, { secret }) as Record<string, unknown>;
}

type Known = Readonly<Record<string, typeof defineGateway | ((name: string) => Secret) | WebAssembly.Module>>;

function evaluated(body: string, known: Known): unknown {
  return new Function(...Object.keys(known), body)(...Object.values(known));
}
