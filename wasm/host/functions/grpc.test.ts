import { expect, it } from "vitest";
import { Status } from "../abi.ts";
import { GRPC_FUNCTION_NAMES } from "../function-catalog.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

it.each([...GRPC_FUNCTION_NAMES, "proxy_no_such_function"])(
  "%s answers UNIMPLEMENTED, whatever it is given",
  (name) => {
    expect(new HostHarness().call(name, [-1, 0, 0xffff_ffff, 7])).toBe(Status.UNIMPLEMENTED);
  },
);
