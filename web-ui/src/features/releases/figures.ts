// What sessions come to.
import type { Release, SessionCounts } from "@/gen/errata/v1/health_pb";

/** With fewer sessions a share says nothing. */
const SESSIONS_MIN = 20;

/** 0.9921 → "99.21%": crash-free shares differ in their last digits. */
export function precise(part: number, whole: number): string {
  if (whole < SESSIONS_MIN) return "–";
  const percent = (part / whole) * 100;
  // What is not all is never rounded to all.
  const shown = Math.floor(percent * 100) / 100;
  return `${percent === 100 ? "100" : shown.toFixed(2)}%`;
}

export const crashFreeSessions = (counts: SessionCounts | undefined): string =>
  counts ? precise(Number(counts.started - counts.crashed), Number(counts.started)) : "–";

export const crashFreeUsers = (counts: SessionCounts | undefined): string =>
  counts ? precise(Number(counts.users - counts.crashedUsers), Number(counts.users)) : "–";

/** The share of the project's sessions. */
export const adoption = ({ sessions, projectSessions }: Release): string =>
  sessions && projectSessions > 0n ? `${Math.round((Number(sessions.started) / Number(projectSessions)) * 100)}%` : "–";

/** How two shares differ, in points: "+0.31", "−1.20"; empty: unknown. */
export function pointsApart(now: SessionCounts | undefined, before: SessionCounts | undefined): string {
  if (!now || !before || now.started < SESSIONS_MIN || before.started < SESSIONS_MIN) return "";
  const of = (counts: SessionCounts) => Number(counts.started - counts.crashed) / Number(counts.started);
  const points = Math.round((of(now) - of(before)) * 10_000) / 100;
  return points === 0 ? "±0" : `${points > 0 ? "+" : "−"}${Math.abs(points).toFixed(2)}`;
}

/** How a release is called in a query. */
export const quoted = (version: string): string => `"${version.replace(/["\\*]/g, (c) => `\\${c}`)}"`;
