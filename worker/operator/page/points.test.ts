import { describe, expect, it } from "vitest";
import { pointOf } from "../../../durable/directory/history-point.ts";
import { withPoint } from "./points.ts";
import { serviceReport } from "./testing/figures.ts";

const at = (timeMs: number) => pointOf(serviceReport({ atMs: timeMs }));

describe("points that come each second", () => {
  it("replace each other until a step has passed", () => {
    let points = [at(0)];
    for (let second = 1; second <= 10; second += 1) points = withPoint(points, at(second * 1_000), 60_000, 5_000);
    expect(points.map(({ timeMs }) => timeMs / 1_000)).toEqual([0, 5, 10]);
  });

  it("push old ones out of the window, but for the one before it", () => {
    let points = [at(0)];
    for (let minute = 1; minute <= 30; minute += 1) points = withPoint(points, at(minute * 60_000), 900_000, 5_000);
    expect(points[0]!.timeMs).toBe(15 * 60_000);
    expect(points).toHaveLength(16);
  });

  it("are ignored if they are older than what is shown", () => {
    expect(withPoint([at(2_000)], at(1_000), 60_000, 5_000)).toEqual([at(2_000)]);
    expect(withPoint([], at(1_000), 60_000, 5_000)).toEqual([at(1_000)]);
  });
});
