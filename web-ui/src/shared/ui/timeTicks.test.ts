import { expect, test } from "vitest";
import { timeTicks } from "./timeTicks";

const HOUR_MS = 3_600_000;
const noon = new Date(2026, 10, 28, 12, 0).getTime();

test.each([1, 24, 7 * 24, 14 * 24, 30 * 24, 90 * 24])(
  "the labels of %s hours are as far apart as each other, and fill the axis",
  (hours) => {
    for (const most of [3, 6, 12]) {
      const from = noon - hours * HOUR_MS - 17 * 60_000;
      const ticks = timeTicks(from, noon, most);
      expect(ticks.length).toBeGreaterThan(0);
      expect(ticks.length).toBeLessThanOrEqual(most + 1);
      const gaps = ticks
        .slice(1)
        .map((tick, index) => Math.round((tick.atMs - (ticks[index]?.atMs ?? 0)) / HOUR_MS / 2));
      expect(new Set(gaps).size).toBeLessThanOrEqual(1);
      // No stretch at either end is longer than a step, where there is more than one.
      const step = ticks.length > 1 ? (ticks[1]?.atMs ?? 0) - (ticks[0]?.atMs ?? 0) : Infinity;
      expect((ticks[0]?.atMs ?? 0) - from).toBeLessThanOrEqual(step + HOUR_MS);
      expect(noon - (ticks.at(-1)?.atMs ?? 0)).toBeLessThanOrEqual(step + HOUR_MS);
    }
  },
);

test("midnight is called by its day, other hours by theirs", () => {
  const texts = timeTicks(noon - 24 * HOUR_MS, noon, 4).map((tick) => tick.text);
  expect(texts).toEqual(["12:00", "18:00", "28 Nov", "06:00", "12:00"]);
});
