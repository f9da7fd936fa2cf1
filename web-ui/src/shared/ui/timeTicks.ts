// Even labels of a time axis, at moments that people name: full hours, midnights.
import { dayLabel, hourLabel } from "../format/time";

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;
const STEPS_S = [
  5 * MINUTE_S,
  10 * MINUTE_S,
  15 * MINUTE_S,
  30 * MINUTE_S,
  HOUR_S,
  2 * HOUR_S,
  3 * HOUR_S,
  6 * HOUR_S,
  12 * HOUR_S,
  DAY_S,
  2 * DAY_S,
  3 * DAY_S,
  7 * DAY_S,
  14 * DAY_S,
  30 * DAY_S,
];

export interface TimeTick {
  atMs: number;
  text: string;
}

/** At most `most` labels between two moments, equally far apart in the reader's zone. */
export function timeTicks(fromMs: number, toMs: number, most: number): TimeTick[] {
  const stepS = STEPS_S.find((step) => (toMs - fromMs) / 1000 / step <= Math.max(1, most)) ?? 60 * DAY_S;
  const days = Math.max(1, Math.round(stepS / DAY_S));
  // From local midnight on, so that 6-hour steps fall on 0, 6, 12 and 18.
  const at = new Date(fromMs);
  at.setHours(0, 0, 0, 0);
  const ticks: TimeTick[] = [];
  while (at.getTime() <= toMs) {
    if (at.getTime() >= fromMs)
      ticks.push({
        atMs: at.getTime(),
        text: stepS >= DAY_S || (at.getHours() === 0 && at.getMinutes() === 0) ? dayLabel(at) : hourLabel(at),
      });
    if (stepS >= DAY_S) at.setDate(at.getDate() + days);
    else at.setTime(at.getTime() + stepS * 1000);
  }
  return ticks;
}
