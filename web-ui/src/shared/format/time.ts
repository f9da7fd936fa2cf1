// Times for people: relative in lists, absolute, in the reader's zone, in tooltips.
import type { Timestamp } from "@bufbuild/protobuf/wkt";

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

export const toDate = (time: Timestamp): Date => new Date(Number(time.seconds) * 1000 + Math.floor(time.nanos / 1e6));

export const fromDate = (date: Date): { seconds: bigint; nanos: number } => {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1e6 };
};

/** "now", "12s", "5m", "3h", "4d", "2mo", "1y". */
export function age(seconds: number): string {
  if (seconds < 5) return "now";
  if (seconds < MINUTE_S) return `${Math.floor(seconds)}s`;
  if (seconds < HOUR_S) return `${Math.floor(seconds / MINUTE_S)}m`;
  if (seconds < DAY_S) return `${Math.floor(seconds / HOUR_S)}h`;
  if (seconds < 60 * DAY_S) return `${Math.floor(seconds / DAY_S)}d`;
  if (seconds < 730 * DAY_S) return `${Math.floor(seconds / (30 * DAY_S))}mo`;
  return `${Math.floor(seconds / (365 * DAY_S))}y`;
}

/** Between two moments: "340 ms", "12.4 s", "3 m 20 s". */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < HOUR_S) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
  return `${Math.floor(seconds / HOUR_S)} h ${Math.floor((seconds % HOUR_S) / 60)} m`;
}

const absoluteFormat = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});
const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const hourFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export const absolute = (date: Date): string => absoluteFormat.format(date);
export const clock = (date: Date): string =>
  `${clockFormat.format(date)}.${String(date.getMilliseconds()).padStart(3, "0")}`;

export const hourLabel = (date: Date): string => hourFormat.format(date);
export const dayLabel = (date: Date): string => dayFormat.format(date);

const momentFormat = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/** "28 Nov, 12:00 – 14:00", "28 Nov, 12:00 – 29 Nov, 02:00", whole days "28 Nov" and "26 Nov – 28 Nov". */
export function spanLabel(from: Date, to: Date): string {
  const midnight = (date: Date) => date.getHours() === 0 && date.getMinutes() === 0;
  if (midnight(from) && midnight(to)) {
    const last = new Date(to.getTime() - 1);
    const [first, end] = [dayFormat.format(from), dayFormat.format(last)];
    return first === end ? first : `${first} – ${end}`;
  }
  const sameDay = dayFormat.format(from) === dayFormat.format(to);
  return `${momentFormat.format(from)} – ${(sameDay ? hourFormat : momentFormat).format(to)}`;
}
