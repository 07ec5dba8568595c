import { expect, it } from "vitest";
import type { UnservedCall } from "../../wasm/host/index.ts";
import { UnservedLog } from "./unserved-log.ts";

const grpc: UnservedCall = { what: "function", name: "proxy_grpc_call" };
const keys: UnservedCall = { what: "cluster", name: "keys" };

function logAt(): {
  log: UnservedLog;
  lines: { what: string; name: string; leftOut?: number }[];
  pass: (ms: number) => void;
} {
  let nowMs = 1_000;
  const lines: { what: string; name: string }[] = [];
  const log = new UnservedLog(
    "orders",
    () => nowMs,
    (line) => lines.push(JSON.parse(line)),
  );
  return { log, lines, pass: (ms) => (nowMs += ms) };
}

it("one line a second of each kind, with the number of those left out", () => {
  const { log, lines, pass } = logAt();
  for (let n = 0; n < 50; n += 1) {
    log.note(grpc);
    log.note(keys);
  }
  expect(lines.map(({ what, name }) => [what, name])).toEqual([
    ["function", "proxy_grpc_call"],
    ["cluster", "keys"],
  ]);
  pass(1_000);
  log.note(keys);
  expect(lines.at(-1)).toEqual({ event: "unserved_call", service: "orders", ...keys, cfRay: null, leftOut: 49 });
});

it("a name is cut, and one that ends a line or a text does not", () => {
  const { log, lines, pass } = logAt();
  log.note({ what: "cluster", name: "k".repeat(8_000) });
  expect(lines[0]!.name).toBe("k".repeat(100));
  pass(1_000);
  log.note({ what: "cluster", name: 'a"}\n{"event":"purge"' });
  expect(lines).toHaveLength(2);
  expect(lines[1]!.name).toBe('a"}\n{"event":"purge"');
});

it("the last call is known, also if it had no line", () => {
  const { log } = logAt();
  expect(log.last).toBeNull();
  log.note(grpc);
  log.note({ ...grpc, name: "proxy_grpc_stream" });
  expect(log.last).toEqual({ what: "function", name: "proxy_grpc_stream", atMs: 1_000 });
});
