// Words for the enums of the API.
import { IssueStatus } from "@/gen/errata/v1/command_pb";
import { Level } from "@/gen/errata/v1/event_pb";

export type LevelName = "fatal" | "error" | "warning" | "info" | "debug";
export type StatusName = "unresolved" | "resolved" | "ignored";

export const LEVELS: readonly LevelName[] = ["fatal", "error", "warning", "info", "debug"];
export const STATUSES: readonly StatusName[] = ["unresolved", "ignored", "resolved"];

const levelNames: Record<Level, LevelName> = {
  [Level.UNSPECIFIED]: "error",
  [Level.DEBUG]: "debug",
  [Level.INFO]: "info",
  [Level.WARNING]: "warning",
  [Level.ERROR]: "error",
  [Level.FATAL]: "fatal",
};
const statusNames: Record<IssueStatus, StatusName> = {
  [IssueStatus.UNSPECIFIED]: "unresolved",
  [IssueStatus.UNRESOLVED]: "unresolved",
  [IssueStatus.RESOLVED]: "resolved",
  [IssueStatus.IGNORED]: "ignored",
};

export const levelName = (level: Level): LevelName => levelNames[level];
export const statusName = (status: IssueStatus): StatusName => statusNames[status];
export const levelOf = (name: LevelName): Level =>
  ({ fatal: Level.FATAL, error: Level.ERROR, warning: Level.WARNING, info: Level.INFO, debug: Level.DEBUG })[name];
export const statusOf = (name: StatusName): IssueStatus =>
  ({ unresolved: IssueStatus.UNRESOLVED, resolved: IssueStatus.RESOLVED, ignored: IssueStatus.IGNORED })[name];

/** What to call a member: the name, else the e-mail address. */
export const memberName = (member: { name: string; email: string }): string => member.name || member.email;

/** Longer types hide the message beside them. */
const TYPE_CHARS_MAX = 60;

/** A type's packages cut from the left: its class name is what tells. */
export function shortType(type: string): string {
  if (type.length <= TYPE_CHARS_MAX) return type;
  const parts = type.split(/(?<=[.:/\\])/);
  let shown = parts.pop() ?? type;
  for (const part of parts.reverse()) {
    if (shown.length + part.length > TYPE_CHARS_MAX) break;
    shown = part + shown;
  }
  return shown.length > 2 * TYPE_CHARS_MAX
    ? `…${shown.slice(-2 * TYPE_CHARS_MAX)}`
    : shown === type
      ? type
      : `…${shown}`;
}
