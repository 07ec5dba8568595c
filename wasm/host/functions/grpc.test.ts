import { expect, it } from "vitest";
import { Status } from "../abi.ts";
import { GRPC_FUNCTION_NAMES } from "../function-catalog.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

it.each([...GRPC_FUNCTION_NAMES, "proxy_no_such_function"])(
  "%s answers UNIMPLEMENTED, whatever it is given, and the embedder is told",
  (name) => {
    const host = new HostHarness();
    expect(host.call(name, [-1, 0, 0xffff_ffff, 7])).toBe(Status.UNIMPLEMENTED);
    expect(host.services.unservedCalls).toEqual([{ what: "function", name }]);
    expect(host.stream.unserved).toBe(true);
  },
);
