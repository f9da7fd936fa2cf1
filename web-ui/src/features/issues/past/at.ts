// A past time in the address: an instant as RFC 3339 has it.
import { absolute } from "@/shared/format/time";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export const PRESETS: readonly (readonly [string, number])[] = [
  ["An hour ago", HOUR_MS],
  ["A day ago", 24 * HOUR_MS],
  ["A week ago", 168 * HOUR_MS],
];

/** So long ago, to the minute: who presses twice asks for the same. */
export const agoAt = (ms: number, nowMs = Date.now()): string =>
  new Date(Math.floor((nowMs - ms) / MINUTE_MS) * MINUTE_MS).toISOString();

export const defaultAt = (): string => agoAt(24 * HOUR_MS);

/** "3 Nov 2026, 14:00:00 CET"; what is no time stands as it was given. */
export function shownAt(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : absolute(date);
}

/** As `datetime-local` has it, in the reader's zone. */
export function localText(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);
}

/** The instant that such a text means; empty: none, or one to come. */
export function instantOf(local: string, nowMs = Date.now()): string {
  const ms = Date.parse(local);
  return Number.isNaN(ms) || ms > nowMs ? "" : new Date(ms).toISOString();
}
