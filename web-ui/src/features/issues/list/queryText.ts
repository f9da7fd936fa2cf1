// Places in a query. The server counts characters, a string of JavaScript UTF-16 units:
// an emoji is one there and two here.
import type { TextPlace } from "@/shared/format/failure";

/** The text before, at and behind a place. */
export function split(text: string, { offset, length }: Pick<TextPlace, "offset" | "length">) {
  const characters = Array.from(text);
  return {
    before: characters.slice(0, offset).join(""),
    marked: characters.slice(offset, offset + length).join(""),
    after: characters.slice(offset + length).join(""),
  };
}

/** The text with what may have been meant. */
export function mended(text: string, place: TextPlace): string {
  const { before, after } = split(text, place);
  return before + place.suggestion + after;
}

/** How many characters stand before a unit. */
export const charactersBefore = (text: string, unit: number): number => Array.from(text.slice(0, unit)).length;

/** The text with a completion in its place, and the unit behind it: where one goes on typing. */
export function completed(
  text: string,
  place: Pick<TextPlace, "offset" | "length">,
  completion: string,
): { text: string; caret: number } {
  const { before, after } = split(text, place);
  // A key goes on with its value, a value is done.
  const gap = completion.endsWith(":") || after.startsWith(" ") ? "" : " ";
  const start = before + completion + gap;
  return { text: start + after, caret: start.length };
}
