import { describe, expect, it } from "vitest";
import gateway from "../../gateway.config.ts";
import { accepts } from "./testing/accepts.ts";

describe("the JSON Schema", () => {
  it("accepts gateway.config.ts, and refuses it with a mistake", () => {
    expect(accepts(gateway) ? [] : accepts.errors).toEqual([]);
    expect(accepts({ ...gateway, services: { ...gateway.services, other: {} } })).toBe(false);
  });
});
