export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** Requests a second at a time. */
export type RateAt = (timeMs: number) => number;

export function constantRate(perSecond: number): RateAt {
  return () => perSecond;
}

/** 7.4 requests a second at noon, a twelfth of that at midnight. */
export const diurnalRate: RateAt = (timeMs) => 4 + 3.4 * Math.sin((2 * Math.PI * (timeMs - DAY_MS / 4)) / DAY_MS);

/** Two crowds of half an hour each. */
export const flashCrowdRate: RateAt = (timeMs) => {
  const inCrowd = [7, 16].some((hour) => timeMs >= hour * HOUR_MS && timeMs < (hour + 0.5) * HOUR_MS);
  return inCrowd ? 15 : 1;
};

/** Ten busy minutes in every hour. */
export const burstRate: RateAt = (timeMs) => (timeMs % HOUR_MS < HOUR_MS / 6 ? 10 : 0.5);

/** Falls over a day to a tenth. */
export const declineRate: RateAt = (timeMs) => 8 * 0.1 ** (timeMs / DAY_MS);

const WEEKDAYS = 5;

/** Seven days, the last two with a third of the requests. */
export const weekRate: RateAt = (timeMs) => (timeMs < WEEKDAYS * DAY_MS ? 0.3 : 0.1) * diurnalRate(timeMs);

export const GROWTH_DAYS = 3;

/** Days on each of which there is more than on the day before; twice as much after three days. */
export const growthRate: RateAt = (timeMs) => 0.35 * 2 ** (timeMs / (GROWTH_DAYS * DAY_MS)) * diurnalRate(timeMs);
