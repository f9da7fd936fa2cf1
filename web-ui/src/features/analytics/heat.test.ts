import { expect, test } from "vitest";
import { cellTerm, heatCells, shade } from "./heat";

const HOUR = 3_600_000;

test("hours of the same weekday add up, and name the stretches they are of", () => {
  // A Monday, as the reader's clock shows it.
  const monday = new Date(2026, 10, 23, 9).getTime();
  const edges = [monday, monday + HOUR, monday + 2 * HOUR, monday + 168 * HOUR, monday + 169 * HOUR];
  const cells = heatCells(edges, [3, 0, 0, 4]);
  expect(cells).toHaveLength(168);
  const nine = cells[9];
  expect(nine).toMatchObject({ day: 0, hour: 9, count: 7 });
  expect(nine?.spans).toEqual([
    [monday, monday + HOUR],
    [monday + 168 * HOUR, monday + 169 * HOUR],
  ]);
  const iso = (ms: number) => new Date(ms).toISOString().replace(".000", "");
  expect(nine && cellTerm(nine)).toBe(
    `timestamp:${iso(monday)}..${iso(monday + HOUR - 1000)} OR timestamp:${iso(monday + 168 * HOUR)}..${iso(monday + 169 * HOUR - 1000)}`,
  );
  expect(cells[10]).toMatchObject({ count: 0, spans: [] });
});

test.each([
  [0, 10, 0],
  [1, 1000, 1],
  [5, 10, 3],
  [10, 10, 5],
])("%s of %s is shade %s", (count, most, expected) => {
  expect(shade(count, most)).toBe(expected);
});
