// Rows of an answer: in another order, as text, as series of a chart. Pure.
import type { Answer, Value } from "./api/runQuery";

export interface Order {
  column: number;
  down: boolean;
}

const isNumber = (type: string): boolean => type === "integer" || type === "float" || type === "decimal";
const isTime = (type: string): boolean => type === "timestamp" || type === "date";

export const alignsRight = isNumber;

/** Numbers by size, texts by letters, what is missing last. */
export function sorted(rows: readonly Value[][], order: Order | null): readonly Value[][] {
  if (!order) return rows;
  const sign = order.down ? -1 : 1;
  const compare = (one: Value, other: Value): number => {
    if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
    if (typeof one === "number" && typeof other === "number") return sign * (one - other);
    const [first, second] = [textOf(one), textOf(other)];
    return sign * (first < second ? -1 : first > second ? 1 : 0);
  };
  return [...rows].sort((one, other) => compare(one[order.column] ?? null, other[order.column] ?? null));
}

export function textOf(value: Value): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A time to the second, or as exact as it is: 2026-11-22 10:00:00.25. */
export function shown(value: Value, type: string): string {
  const text = textOf(value);
  if (!isTime(type)) return text;
  return text
    .replace("T", " ")
    .replace(/(\.\d*?)0*Z?$/, "$1")
    .replace(/\.?Z?$/, "");
}

/** Characters of a column, of the rows at the top. */
export function widths(answer: Answer, rows: number): number[] {
  const sample = answer.rows.slice(0, rows);
  return answer.columns.map(({ name, type }, at) => {
    const cells = sample.map((row) => shown(row[at] ?? null, type).length);
    return Math.min(48, Math.max(6, name.length + 2, ...cells));
  });
}

/** What can be drawn: a point for each row. */
export interface Drawing {
  /** A line over time, or a bar for each value. */
  kind: "time" | "bars";
  x: number;
  /** Columns of numbers. */
  ys: number[];
}

/** How an answer can be drawn; null: it has no numbers beside something else. */
export function drawingOf({ columns, rows }: Answer): Drawing | null {
  const of = (test: (type: string) => boolean) => columns.flatMap(({ type }, at) => (test(type) ? [at] : []));
  const ys = of(isNumber);
  const time = of(isTime)[0];
  const x = time ?? of((type) => type === "text" || type === "boolean")[0] ?? ys[0];
  const rest = ys.filter((at) => at !== x);
  if (x === undefined || rest.length === 0 || rows.length < 2) return null;
  return { kind: time === undefined ? "bars" : "time", x, ys: rest };
}

export const numberOf = (value: Value): number | null => {
  const number = typeof value === "number" ? value : typeof value === "string" ? Number(value) : NaN;
  return Number.isFinite(number) ? number : null;
};
