import { describe, expect, it } from "vitest";
import { ABI_VERSIONS, type ProxyFunction } from "./puppet/abi-table.ts";
import type { Argument } from "./puppet/guest.ts";
import { Status } from "./puppet/numbers.ts";
import { startPuppet } from "./puppet/start-puppet.ts";

/** Functions this host does not implement exist, return UNIMPLEMENTED, and are listed. */
describe.each(ABI_VERSIONS)("a filter of ABI %s", (abi) => {
  it.each<[ProxyFunction, ...Argument[]]>([
    ["proxy_grpc_call", "auth", "service", "method", "", "message", 100],
    ["proxy_grpc_stream", "auth", "service", "method", ""],
    ["proxy_grpc_send", 1, "message", 1],
    ["proxy_grpc_cancel", 1],
    ["proxy_grpc_close", 1],
  ])("gets UNIMPLEMENTED from %s, which is listed", (name, ...args) => {
    const { director, instance, decide } = startPuppet(abi, {
      *request_headers(guest) {
        expect(yield* guest.status(name, ...args)).toBe(Status.UNIMPLEMENTED);
      },
    });
    expect(decide()).toMatchObject({ kind: "continue", unserved: true });
    expect(director.unservedCalls).toContainEqual({ what: "function", name });
    expect(instance.unimplementedImports).toContain(`env.${name}`);
    expect(instance.unknownImports).not.toContain(`env.${name}`);
  });

  it("gets NOT_FOUND for every foreign function unless the embedder has some", () => {
    const { decide } = startPuppet(abi, {
      *request_headers(guest) {
        for (const name of ["", "compress", "verify_signature"]) {
          expect(yield* guest.status("proxy_call_foreign_function", name, "arguments")).toBe(Status.NOT_FOUND);
        }
        // The results may be omitted.
        const { address, size } = yield* guest.place("compress");
        const answer = yield* guest.raw("proxy_call_foreign_function", address, size, 0, 0, 0, 0);
        expect(answer.status).toBe(Status.NOT_FOUND);
        const outside = yield* guest.raw("proxy_call_foreign_function", 0xffff_fff0, 32, 0, 0, 0, 0);
        expect(outside.status).toBe(Status.INVALID_MEMORY_ACCESS);
      },
    });
    expect(decide()).toMatchObject({ kind: "continue" });
  });

  it("gets the answers of foreign functions that the embedder has", () => {
    const { director, decide } = startPuppet(abi, {
      *request_headers(guest) {
        const answer = yield* guest.ask("proxy_call_foreign_function", "reverse", "stressed");
        expect(answer).toMatchObject({ status: Status.OK, text: "desserts" });
        expect(yield* guest.status("proxy_call_foreign_function", "compress", "")).toBe(Status.NOT_FOUND);
      },
    });
    director.foreignFunction = (name, argument) => (name === "reverse" ? argument.toReversed() : undefined);
    expect(decide()).toMatchObject({ kind: "continue" });
    expect(director.unservedCalls).toContainEqual({ what: "foreign_function", name: "compress" });
    expect(director.unservedCalls).not.toContainEqual({ what: "foreign_function", name: "reverse" });
  });

  it("lists no implemented function", () => {
    const { instance } = startPuppet(abi);
    const listed = [...instance.unknownImports, ...instance.unimplementedImports];
    expect(listed.filter((name) => !/^env\.(proxy_grpc_|proxy_get_secret$|envoy_resolve_dns$)/.test(name))).toEqual([]);
  });

  it("exports all stages, and they are listed", () => {
    const { instance } = startPuppet(abi);
    expect(Object.values(instance.exportedStages)).toEqual([true, true, true, true, true]);
  });
});
