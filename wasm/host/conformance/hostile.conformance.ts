import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../byte-units.ts";
import { FilterInstance, type HttpStream } from "../index.ts";
import { FakeServices, OK_REPLY, START } from "../testing/fake-services.setup.ts";
import { HOSTILES } from "./guests.ts";
import { HOSTILE_LAYOUT, hostileConfiguration, hostileFunctionsOf } from "./hostile.ts";
import { ABI_VERSIONS, isIn } from "./puppet/abi-table.ts";
import { ALL_STAGES, bytes, REQUEST, settled } from "./puppet/start-puppet.ts";

/** Fewer in Node: the host's code is the same in both. */
const SHARE = navigator.userAgent === "Cloudflare-Workers" ? 1 : 0.1;
/** Calls of each function in the newest version that has it; older versions differ little. */
const CALLS = 100_000 * SHARE;
const CALLS_OLDER = 10_000 * SHARE;
/** Minimum number of callbacks over which the calls are spread. */
const CALLBACKS = 50;

/** An embedder that answers every call at once, has foreign functions and keeps no log. */
class Patient extends FakeServices {
  override foreignFunction = (name: string, argument: Uint8Array) => (name === "" ? undefined : argument);
  override log(): void {}
  override unserved(): void {}
}

/** As much of an exchange as the guest allows: it pauses, refuses and resumes at random. */
async function exchange(stream: HttpStream): Promise<void> {
  const steps = [
    () => stream.requestHeaders(),
    () => stream.requestBody(bytes("some of the body"), false),
    () => stream.requestTrailers([["x-trailer", "1"]]),
    () => stream.responseHeaders([[":status", "200"]], false),
    () => stream.responseBody(bytes("some of the body"), false),
    () => stream.responseTrailers([["x-trailer", "1"]]),
  ];
  for (const step of steps) {
    const outcome = await Promise.race([step(), Promise.resolve(undefined)]);
    if (outcome === undefined || outcome.kind === "respond" || outcome.kind === "failed") break;
  }
  stream.end();
}

describe.each(ABI_VERSIONS)("a hostile guest of ABI %s", (abi) => {
  it.each([...hostileFunctionsOf(abi).entries()].map(([index, name]) => [name, index] as const))(
    "gets a status from %s for any arguments, and its memory changes only where they point",
    async (name, index) => {
      const services = new Patient();
      const calls = abi === "0.2.1" || !isIn(name, "0.2.1") ? CALLS : CALLS_OLDER;
      const instance = FilterInstance.start(HOSTILES[abi], services, {
        ...START,
        pluginConfiguration: hostileConfiguration(index, 1 + 7_919 * index, calls / CALLBACKS, calls),
      });
      // It stops its ticks after making all its calls.
      while (instance.tickPeriodMs > 0 && instance.failure === undefined) {
        const stream = instance.openStream(REQUEST, { ...ALL_STAGES, bodyWhileHeadersPaused: true });
        await exchange(stream);
        instance.tick();
        for (const call of services.calls.splice(0, 4)) await call.answer(OK_REPLY);
        services.calls.length = 0;
      }
      await settled();
      expect([name, instance.failure]).toEqual([name, undefined]);
      expect(instance.allocatedBytes).toBe(HOSTILE_LAYOUT.PAGES * PAGE_BYTES);
      instance.close();
    },
  );
});
