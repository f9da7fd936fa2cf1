import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { GetTimeSeriesResponseSchema } from "@/gen/errata/v1/stats_pb";
import { niceCeiling } from "@/shared/ui/BarChart";
import { chartSeries } from "./series";

const response = (series: Record<string, bigint[]>) =>
  create(GetTimeSeriesResponseSchema, { series: Object.entries(series).map(([name, counts]) => ({ name, counts })) });

test("levels are stacked worst first and empty ones left out", () => {
  const series = chartSeries(response({ info: [1n], error: [2n], fatal: [0n], warning: [1n] }), "level", []);
  expect(series.map((each) => each.name)).toEqual(["error", "warning", "info"]);
});

test("a project keeps its colour whatever else is shown, and the sixth is one of the others", () => {
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const series = chartSeries(
    response(Object.fromEntries(names.toReversed().map((name) => [name, [1n, 2n]]))),
    "project",
    names,
  );
  expect(series.map((each) => each.name)).toEqual(["a", "b", "c", "d", "e", "2 others"]);
  expect(series.at(-1)?.counts).toEqual([2, 4]);
});

test.each([
  [0, 1],
  [1, 1],
  [3, 4],
  [7, 10],
  [11, 20],
  [1400, 2000],
  [4100, 5000],
])("an axis for %s ends at %s", (max, expected) => {
  expect(niceCeiling(max)).toBe(expected);
});

test("what is new lies at the bottom, what came back above it, and the rest is grey", () => {
  const series = chartSeries(response({ other: [4n], regressed: [2n], new: [1n] }), "state", []);
  expect(series.map((each) => each.name)).toEqual(["new", "came back", "other"]);
});
