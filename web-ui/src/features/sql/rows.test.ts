import { expect, test } from "vitest";
import { drawingOf, shown, sorted, widths } from "./rows";

const level = { name: "level", type: "text" };
const count = { name: "n", type: "integer" };
const answer = {
  columns: [level, count],
  rows: [
    ["error", 10],
    ["fatal", 9],
    [null, null],
  ],
  truncated: false,
  elapsed_ms: 1,
};

test("numbers go by size, texts by letters, what is missing comes last", () => {
  const first = (column: number, down: boolean) => sorted(answer.rows, { column, down }).map((row) => row[1]);
  expect(first(1, false)).toEqual([9, 10, null]);
  expect(first(1, true)).toEqual([10, 9, null]);
  expect(first(0, true)).toEqual([9, 10, null]);
  expect(sorted(answer.rows, null)).toBe(answer.rows);
});

test.each([
  ["2026-11-22T10:00:00Z", "2026-11-22 10:00:00"],
  ["2026-11-22T10:00:00.250Z", "2026-11-22 10:00:00.25"],
  ["2026-11-22", "2026-11-22"],
])("a time %s is shown as %s", (text, expected) => {
  expect(shown(text, "timestamp")).toBe(expected);
});

test("what can be drawn has numbers beside a time or a text", () => {
  expect(drawingOf(answer)).toEqual({ kind: "bars", x: 0, ys: [1] });
  const overTime = { ...answer, columns: [{ name: "at", type: "timestamp" }, count] };
  expect(drawingOf(overTime)?.kind).toBe("time");
  expect(drawingOf({ ...answer, columns: [level, { name: "t", type: "text" }] })).toBeNull();
  expect(drawingOf({ ...answer, rows: answer.rows.slice(0, 1) })).toBeNull();
});

test("a column is as wide as what stands in it", () => {
  expect(widths(answer, 10)).toEqual([7, 6]);
});
