import fc from "fast-check";
import { expect, it } from "vitest";
import { Places } from "./places.ts";

const groups = fc.constantFrom("a", "b", undefined);

it("keeps one place that a single group cannot take, whatever was taken and released before", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 6 }), fc.array(fc.tuple(groups, fc.boolean())), (limit, steps) => {
      const places = new Places(limit);
      const held: (string | undefined)[] = [];
      for (const [group, releases] of steps) {
        if (releases && held.includes(group)) {
          held.splice(held.indexOf(group), 1);
          places.release(group);
        } else if (places.hasPlaceFor(group)) {
          held.push(group);
          places.take(group);
        }
        const ofA = held.filter((other) => other === "a").length;
        expect(held.length).toBeLessThanOrEqual(limit);
        expect(ofA).toBeLessThan(limit);
        expect(places.hasPlaceFor("newcomer")).toBe(held.length < limit);
        expect(places.hasPlaceFor("a")).toBe(ofA < Math.min(4 * (limit - held.length), limit - 1));
      }
    }),
  );
});

it("leaves places for others, however many calls of a few groups hang", () => {
  const places = new Places(64);
  const most = ["a", "b", "c"].map((group) => {
    let held = 0;
    for (; places.hasPlaceFor(group); held += 1) places.take(group);
    return held;
  });
  expect(most).toEqual([52, 10, 2]);
  expect(places.hasPlaceFor("d")).toBe(false);
});

it("lets calls that no client causes take every place", () => {
  const places = new Places(2);
  places.take(undefined);
  expect(places.hasPlaceFor(undefined)).toBe(true);
});

it("shares nothing if there is only one place", () => {
  const places = new Places(1);
  expect(places.hasPlaceFor("a")).toBe(true);
  places.take("a");
  expect(places.hasPlaceFor("b")).toBe(false);
  places.release("a");
  expect(places.hasPlaceFor("a")).toBe(true);
});
