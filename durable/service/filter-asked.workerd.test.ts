import { describe, expect, it } from "vitest";
import { ask, pass, settled, statsOf } from "../../test/workerd/client.ts";

describe("a filter that asks for a fresh instance", () => {
  const request = async (headers: Record<string, string> = {}) => {
    expect((await ask("/rebuilding", undefined, { headers })).status).toBe(200);
    await settled();
  };
  const restarts = async () => (await statsOf("rebuilding")).restarts.map(({ reason }) => reason);

  it("is restarted once, when it is a minute old, whatever the policy", async () => {
    await request({ "x-rebuild": "1" });
    pass(30_000);
    await request();
    expect(await restarts()).toEqual([]);
    pass(31_000);
    await request();
    expect(await restarts()).toEqual(["filter_asked"]);
    // The fresh instance has not asked.
    pass(120_000);
    await request();
    expect(await restarts()).toEqual(["filter_asked"]);
  });
});
