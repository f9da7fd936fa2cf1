// Places in a query. The server counts characters, a string of JavaScript UTF-16 units.
import type { TextPlace } from "@/shared/format/failure";

const units = (text: string, characters: number): number => Array.from(text).slice(0, characters).join("").length;

/** Line and column from 1, and the units from where to where. */
export function lineOf(text: string, { offset, length }: Pick<TextPlace, "offset" | "length">) {
  const start = units(text, offset);
  const before = text.slice(0, start).split("\n");
  return {
    line: before.length,
    column: Array.from(before.at(-1) ?? "").length + 1,
    start,
    end: units(text, offset + length),
  };
}

/** The text with what may have been meant. */
export function mended(text: string, place: TextPlace): string {
  const { start, end } = lineOf(text, place);
  return text.slice(0, start) + place.suggestion + text.slice(end);
}
