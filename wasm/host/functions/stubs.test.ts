import { expect, it } from "vitest";
import { Status } from "../abi.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

it.each([
  "proxy_grpc_call",
  "proxy_grpc_stream",
  "proxy_grpc_send",
  "proxy_grpc_cancel",
  "proxy_grpc_close",
  "proxy_register_shared_queue",
  "proxy_resolve_shared_queue",
  "proxy_enqueue_shared_queue",
  "proxy_dequeue_shared_queue",
  "proxy_call_foreign_function",
  "proxy_continue_response",
  "proxy_no_such_function",
])("%s answers UNIMPLEMENTED, whatever it is given", (name) => {
  expect(new HostHarness().call(name, [-1, 0, 0xffff_ffff, 7])).toBe(Status.UNIMPLEMENTED);
});

it("clearing the route cache is done as soon as it is asked for, there being none", () => {
  expect(new HostHarness().call("proxy_clear_route_cache", [])).toBe(Status.OK);
});
