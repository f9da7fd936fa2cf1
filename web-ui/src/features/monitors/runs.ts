// Runs of cron jobs in words and colours.
import { RunStatus, type Monitor, type Run } from "@/gen/errata/v1/health_pb";
import { absolute, duration, toDate } from "@/shared/format/time";

type Kind = "good" | "fail" | "quiet" | "plain";

const words: Record<RunStatus, readonly [text: string, kind: Kind]> = {
  [RunStatus.UNSPECIFIED]: ["Unknown", "plain"],
  [RunStatus.IN_PROGRESS]: ["Running", "plain"],
  [RunStatus.OK]: ["OK", "good"],
  [RunStatus.ERROR]: ["Failed", "fail"],
  [RunStatus.MISSED]: ["Missed", "fail"],
  [RunStatus.TIMED_OUT]: ["Took too long", "fail"],
};

export const statusWords = (status: RunStatus): string => words[status][0];
export const statusKind = (status: RunStatus): Kind => words[status][1];

/** How a bar of it looks. */
export const mark = (run: Run): string =>
  run.status === RunStatus.OK && run.isLate ? "late" : RunStatus[run.status].toLowerCase();

/** "OK, 28 Nov 2026, 12:00:02 UTC, took 3.2 s, late" */
export const runWords = (run: Run): string =>
  [
    statusWords(run.status),
    run.startedAt ? absolute(toDate(run.startedAt)) : "",
    run.durationMs === undefined ? "" : `took ${duration(Number(run.durationMs))}`,
    run.isLate ? "late" : "",
  ]
    .filter(Boolean)
    .join(", ");

export const scheduleWords = (monitor: Monitor): string =>
  monitor.schedule === ""
    ? "no schedule told"
    : monitor.timeZone === "UTC" || monitor.timeZone === ""
      ? monitor.schedule
      : `${monitor.schedule} (${monitor.timeZone})`;
