// Events by hour of the week, in the reader's zone.

export const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;
const HOUR_MS = 3_600_000;

export interface HeatCell {
  /** 0: Monday. */
  day: number;
  hour: number;
  count: number;
  /** Stretches of time that it is of, milliseconds since 1970: from, and before. */
  spans: (readonly [number, number])[];
}

/** Seven days of 24 hours, from Monday on. `edgesMs` has the end of the last bucket, too. */
export function heatCells(edgesMs: readonly number[], counts: readonly number[]): HeatCell[] {
  const cells = Array.from({ length: 7 * 24 }, (_, index): HeatCell => ({
    day: Math.floor(index / 24),
    hour: index % 24,
    count: 0,
    spans: [],
  }));
  counts.forEach((count, index) => {
    const [from, to] = [edgesMs[index], edgesMs[index + 1]];
    if (from === undefined || to === undefined) return;
    const at = new Date(from);
    const cell = cells[((at.getDay() + 6) % 7) * 24 + at.getHours()];
    if (!cell) return;
    cell.count += count;
    if (count > 0) cell.spans.push([from, Math.min(to, from + HOUR_MS)]);
  });
  return cells;
}

const second = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** What finds exactly the events of a cell. */
export const cellTerm = ({ spans }: HeatCell): string =>
  spans.map(([from, to]) => `timestamp:${second(from)}..${second(to - 1)}`).join(" OR ");

/** How dark: 0 for nothing, then 1 to 5 by shares of the most. */
export const shade = (count: number, most: number): number =>
  count === 0 ? 0 : Math.max(1, Math.ceil((count / most) * 5));
