// Colours and order of the chart's series.
import type { GetTimeSeriesResponse } from "@/gen/errata/v1/stats_pb";
import { LEVELS } from "@/shared/format/issue";
import type { ChartSeries } from "@/shared/ui/BarChart";
import { levelColour } from "@/shared/ui/bits";
import type { Grouping } from "./api/getTimeSeries";

const PALETTE = ["var(--series1)", "var(--series2)", "var(--series3)", "var(--series4)", "var(--series5)"].map((name) =>
  name.replace(/(\d)/, "-$1"),
);
const REST = "var(--series-rest)";

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** What the events' issues did in the range. */
const STATES: readonly (readonly [name: string, text: string, colour: string])[] = [
  ["new", "new", "var(--series-1)"],
  ["regressed", "came back", "var(--series-2)"],
  ["other", "other", REST],
];

/** Worst level at the bottom; projects in a fixed order, so that a colour stays with its project; more than five are one grey series. */
export function chartSeries(
  response: GetTimeSeriesResponse,
  grouping: Grouping,
  projectNames: readonly string[],
): ChartSeries[] {
  const all = response.series.map(({ name, counts }) => ({ name, counts: counts.map(Number) }));
  if (grouping === "level") {
    return LEVELS.flatMap((level) =>
      all
        .filter((each) => each.name === level && total(each.counts) > 0)
        .map((each) => ({ ...each, colour: levelColour(level) })),
    );
  }
  if (grouping === "state") {
    return STATES.flatMap(([name, text, colour]) =>
      all
        .filter((each) => each.name === name && total(each.counts) > 0)
        .map((each) => ({ ...each, name: text, colour })),
    );
  }
  const place = (name: string) => (projectNames.indexOf(name) + projectNames.length + 1) % (projectNames.length + 1);
  const sorted = all.filter((each) => total(each.counts) > 0).sort((a, b) => place(a.name) - place(b.name));
  const shown = sorted.slice(0, PALETTE.length).map((each, index) => ({ ...each, colour: PALETTE[index] ?? REST }));
  const rest = sorted.slice(PALETTE.length);
  if (rest.length === 0) return shown;
  const length = Math.max(...rest.map((each) => each.counts.length));
  const counts = Array.from({ length }, (_, index) => rest.reduce((sum, each) => sum + (each.counts[index] ?? 0), 0));
  return [...shown, { name: `${rest.length} others`, counts, colour: REST }];
}
