import { type OtherServiceInput, secret } from "../../config/index.ts";
import barring from "./guests/build/barring.wasm";
import bodyBeforeHead from "./guests/build/body-before-head.wasm";
import forgetful from "./guests/build/forgetful.wasm";
import growing from "./guests/build/growing.wasm";
import judgeEachChunk from "./guests/build/judge-each-chunk.wasm";
import judgeWholeBody from "./guests/build/judge-whole-body.wasm";
import mortal from "./guests/build/mortal.wasm";
import rebuilding from "./guests/build/rebuilding.wasm";
import replaceBodies from "./guests/build/replace-bodies.wasm";
import responses from "./guests/build/responses.wasm";
import ticking from "./guests/build/ticking.wasm";
import tickingInVain from "./guests/build/ticking-in-vain.wasm";
import unstartable from "./guests/build/unstartable.wasm";

function filtered(
  name: string,
  filter: WebAssembly.Module,
  fields: Partial<Omit<OtherServiceInput, "route" | "upstream" | "filter">> = {},
): OtherServiceInput {
  return {
    route: { prefix: `/${name}` },
    upstream: { binding: "UPSTREAM" },
    clusters: { auth: { binding: "AUTHORIZATION", timeoutMs: 1_000 } },
    filter,
    configuration: "",
    restart: { policy: "never" },
    ...fields,
  };
}

/** Services with the filters of guests/guests.setup.ts, one for each behaviour under test. */
export const filteredServices: Readonly<Record<string, OtherServiceInput>> = Object.fromEntries(
  Object.entries({
    "whole-body": [judgeWholeBody, { stages: ["request-body"], body: { limitBytes: 1_000 } }],
    "each-chunk": [judgeEachChunk, { stages: ["request-body"] }],
    "no-stages": [judgeWholeBody, {}],
    replaced: [replaceBodies, { stages: ["request-body", "response-headers", "response-body"] }],
    "body-first": [bodyBeforeHead, { stages: ["request-body"], body: { whileHeadersPaused: true } }],
    "response-heads": [responses, { stages: ["response-headers"] }],
    "response-bodies": [responses, { stages: ["response-headers", "response-body"] }],
    "draining-bodies": [responses, { stages: ["response-body"] }],
    mortal: [mortal, {}],
    "mortal-open": [mortal, { failurePolicy: "open" }],
    "mortal-reload": [mortal, { failurePolicy: "reload" }],
    "unstartable-closed": [unstartable, {}],
    "unstartable-open": [unstartable, { failurePolicy: "open" }],
    "secretless-open": [mortal, { failurePolicy: "open", configuration: { key: secret("NO_SUCH_SECRET") } }],
    growing: [growing, {}],
    "growing-beside": [growing, {}],
    "growing-beyond": [growing, {}],
    forgetful: [forgetful, { stages: ["request-body"] }],
    ticking: [ticking, {}],
    "ticking-in-vain": [tickingInVain, {}],
    barring: [barring, {}],
    rebuilding: [rebuilding, {}],
    alarming: [ticking, { ticks: "alarm" }],
  } satisfies Record<string, [WebAssembly.Module, Parameters<typeof filtered>[2]]>).map(([name, [filter, fields]]) => [
    name,
    filtered(name, filter, fields),
  ]),
);
