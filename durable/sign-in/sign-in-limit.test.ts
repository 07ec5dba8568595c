import { describe, expect, it } from "vitest";
import { SIGN_IN_LIMITS, SignInLimit } from "./sign-in-limit.ts";

const { windowMs, callsOfClient, calls } = SIGN_IN_LIMITS;

describe("calls without a credential", () => {
  it("of one client are limited in each window, and those of others are not", () => {
    const limit = new SignInLimit();
    for (let n = 0; n < callsOfClient; n += 1) expect(limit.take("a", n)).toBeUndefined();
    expect(limit.take("a", 500)).toBe("client");
    expect(limit.take("b", 500)).toBeUndefined();
    expect(limit.take("a", windowMs - 1)).toBe("client");
    expect(limit.take("a", windowMs)).toBeUndefined();
  });

  it("of all clients are limited too, and what was refused does not count", () => {
    const limit = new SignInLimit();
    for (let n = 0; n < 5 * callsOfClient; n += 1) limit.take("flood", 0);
    for (let n = callsOfClient; n < calls; n += 1) expect(limit.take(`client-${n}`, 0)).toBeUndefined();
    expect(limit.take("one more", 0)).toBe("all");
    expect(limit.take("flood", 0)).toBe("client");
    expect(limit.take("one more", windowMs)).toBeUndefined();
  });

  it("are possible again when the window ends, as its answer says, also if the clock is set back", () => {
    const limit = new SignInLimit();
    for (let n = 0; n <= callsOfClient; n += 1) limit.take("a", 1_000);
    expect([limit.retryAfterSeconds(1_000), limit.retryAfterSeconds(9_500), limit.retryAfterSeconds(11_000)]).toEqual([
      10, 2, 1,
    ]);
    expect(limit.take("a", 0)).toBeUndefined();
  });
});
