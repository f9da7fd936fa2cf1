/**
 * When the next request may leave. Pure: the clock's values and chance are arguments, in
 * milliseconds of a clock that never goes back.
 */

/** Events of one request; the server takes 1,000. */
export const BATCH_EVENTS_MAX = 50;
/** How long the first event waits for company. */
const BATCH_WAIT_MS = 1_000;
/** Least time between two requests that are not full: the server allows a key 20 batches a minute by default. */
const BATCH_SPACING_MS = 4_000;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 60_000;
/** A server's wish to wait is honoured up to here. */
const RETRY_AFTER_MS_MAX = 3_600_000;

export interface Schedule {
  /** When what waits has waited for company; Infinity when nothing does. */
  dueMs: number;
  lastSendMs: number;
  /** Nothing leaves before. */
  blockedUntilMs: number;
  /** The server named that time; nobody must shorten it. */
  named: boolean;
  /** Requests in a row that failed. */
  failures: number;
  /** Events of the next request: less after a 413. */
  batchMax: number;
}

export const makeSchedule = (): Schedule => ({
  dueMs: Infinity,
  lastSendMs: -BATCH_SPACING_MS,
  blockedUntilMs: 0,
  named: false,
  failures: 0,
  batchMax: BATCH_EVENTS_MAX,
});

/** An event came. */
export function came(schedule: Schedule, nowMs: number): void {
  if (schedule.dueMs === Infinity)
    schedule.dueMs = Math.max(nowMs + BATCH_WAIT_MS, schedule.lastSendMs + BATCH_SPACING_MS);
}

/** When to send; `full`: there is enough for a request. */
export function sendAtMs(schedule: Schedule, full: boolean): number {
  return Math.max(full ? 0 : schedule.dueMs, schedule.blockedUntilMs);
}

/** Something left at `atMs`: the rest waits for company. */
export function space(schedule: Schedule, atMs: number): void {
  schedule.dueMs = Math.max(schedule.dueMs, atMs + BATCH_SPACING_MS);
}

/** Somebody waits, or the network or the page came back. */
export function hurry(schedule: Schedule): void {
  schedule.dueMs = 0;
  if (!schedule.named) schedule.blockedUntilMs = 0;
}

/** The server did not take a batch. `told`: the wait that it named; `chance` in [0, 1). */
export function failed(schedule: Schedule, nowMs: number, told: number | undefined, chance: number): void {
  const named = Math.min(told || 0, RETRY_AFTER_MS_MAX);
  // Half fixed, half by chance, so that many clients do not come back together.
  const backoff = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** schedule.failures++) * (0.5 + chance / 2);
  schedule.blockedUntilMs = nowMs + Math.max(named, backoff);
  schedule.named = named > 0;
}

/** How many events the next request may have, after one of `sent` events. */
export function resize(schedule: Schedule, sent: number, tooLarge: boolean): void {
  schedule.batchMax = tooLarge ? sent >> 1 : Math.min(BATCH_EVENTS_MAX, schedule.batchMax * 2);
}
