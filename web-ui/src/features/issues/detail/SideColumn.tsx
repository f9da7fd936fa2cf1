// Beside the event: who did what, which releases, which environments, who was
// affected.
import Skeleton from "@mui/material/Skeleton";
import { cutMiddle, shortRelease } from "@/shared/format/release";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Activity, GetIssueResponse } from "@/gen/errata/v1/issue_pb";
import { visible } from "@/shared/format/controls";
import { share } from "@/shared/format/count";
import { Avatar, Count, RelativeTime } from "@/shared/ui/bits";
import { EventText } from "@/shared/ui/EventText";
import { Icon, type IconName } from "@/shared/ui/Icon";
import { ErrorState } from "@/shared/ui/states";
import { useActivity } from "../api/listActivity";
import { narrowed } from "./eventSearch";
import { Pairs } from "./Particulars";
import styles from "./detail.module.css";

/** Of ids with commas between them; of many the last is how many more there are. */
const idsOf = (detail: string): { ids: string[]; count: number } => {
  const ids = detail.split(",").filter(Boolean);
  const more = ids.at(-1)?.startsWith("+") ? Number(ids.pop()) : 0;
  return { ids, count: ids.length + more };
};

const others = (detail: string): string => {
  const { count } = idsOf(detail);
  return count <= 1 ? "another issue" : `${count} issues`;
};

/** Issues that events came from or went to; to the only one there is a way. */
function Others({ detail }: { detail: string }) {
  const { ids, count } = idsOf(detail);
  return count === 1 ? <Link to={`/issues/${ids[0]}`}>another issue</Link> : others(detail);
}

const deeds: Record<string, [IconName, (activity: Activity) => ReactNode]> = {
  // By arrival, as all activity; the header says when it happened.
  new: ["bolt", () => "First event arrived"],
  regressed: ["bolt", ({ detail }) => (detail ? `Came back in ${detail}` : "Came back")],
  resolved: ["check", () => "resolved it"],
  ignored: ["mute", () => "ignored it"],
  reopened: ["reopen", () => "reopened it"],
  assigned: ["person", ({ detail }) => `assigned it to ${detail}`],
  unassigned: ["person", () => "unassigned it"],
  merged: ["plus", ({ detail }) => `merged ${others(detail)} into it`],
  merged_into: ["plus", () => "merged it into this issue"],
  unmerged: ["reopen", () => "took a part out of it"],
  unmerged_from: ["reopen", () => "took it out of another issue"],
  regrouped_from: [
    "route",
    ({ detail }) => (
      <>
        applied rules: events of <Others detail={detail} /> are in it
      </>
    ),
  ],
  regrouped_into: [
    "route",
    ({ detail }) => (
      <>
        applied rules: events of it are in <Others detail={detail} />
      </>
    ),
  ],
  regroup_undone: ["reopen", () => "undid rules that had been applied"],
  notified: ["mail", ({ detail }) => `Mail sent to ${detail}`],
  notification_failed: ["warning", ({ detail }) => `Mail failed to ${detail}`],
  notification_held: ["mute", () => "Mail waits: at most one an hour"],
  notification_suppressed: ["mute", () => "No mail: told with what came after it, or no longer open"],
};
const bySystem = new Set(["errata", "alerter", ""]);

/** `at`: as of that time; now if left out. */
export function ActivityList({ issueId, at }: { issueId: string; at?: string }) {
  const activity = useActivity(issueId, at);
  return (
    <section className={styles.sideSection} aria-label="Activity">
      <h2>Activity</h2>
      {activity.isPending && <Skeleton height={80} width="100%" />}
      {activity.isError && <ErrorState error={activity.error} retry={() => void activity.refetch()} />}
      <ol className={styles.activity}>
        {(activity.data ?? []).map((each, index) => {
          const [icon, words] = deeds[each.kind] ?? ["dot", () => each.kind];
          return (
            <li key={`${each.position}-${index}`}>
              <span className={styles.activityIcon}>
                <Icon name={icon} size={14} />
              </span>
              <span className={styles.activityText}>
                {!bySystem.has(each.actor) && <b>{each.actor} </b>}
                {words(each)}
              </span>
              <span className={styles.activityTime}>
                <RelativeTime time={each.at} />
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** Rows of a list in the side column that are shown unasked. */
const SHOWN = 8;

function More({ all, onClick }: { all: number; onClick: () => void }) {
  return (
    <button type="button" className={styles.more} onClick={onClick}>
      and {all - SHOWN} more
    </button>
  );
}

export function Releases({ response, table }: { response: GetIssueResponse; table: string }) {
  const [all, setAll] = useState(false);
  if (response.releases.length === 0) return null;
  return (
    <section className={styles.sideSection} aria-label="Releases">
      <h2>Releases</h2>
      <ul className={styles.sideList}>
        {response.releases.slice(0, all ? undefined : SHOWN).map((release) => (
          <li key={release.version}>
            <Link
              className={styles.sideName}
              title={visible(release.version)}
              to={narrowed(table, { release: release.version })}
            >
              <EventText text={shortRelease(release.version)} />
            </Link>
            <span className={styles.sideFaint}>
              <RelativeTime time={release.lastSeen} suffix=" ago" />
            </span>
            <span className={styles.sideCount}>
              <Count value={release.count} one="event" />
            </span>
          </li>
        ))}
      </ul>
      {!all && response.releases.length > SHOWN && <More all={response.releases.length} onClick={() => setAll(true)} />}
    </section>
  );
}

export function Environments({ response, table }: { response: GetIssueResponse; table: string }) {
  const [all, setAll] = useState(false);
  if (response.environments.length === 0) return null;
  const total = response.environments.reduce((sum, each) => sum + each.count, 0n);
  return (
    <section className={styles.sideSection} aria-label="Environments">
      <h2>Environments</h2>
      <ul className={styles.sideList}>
        {response.environments.slice(0, all ? undefined : SHOWN).map((each) => (
          <li key={each.value}>
            <Link
              className={styles.sideName}
              title={visible(each.value)}
              to={narrowed(table, { environment: each.value })}
            >
              {each.value === "" ? "(none)" : <EventText text={cutMiddle(each.value, 24)} />}
            </Link>
            <span className={styles.sideFaint}>{share(each.count, total)}</span>
            <span className={styles.sideCount}>
              <Count value={each.count} one="event" />
            </span>
          </li>
        ))}
      </ul>
      {!all && response.environments.length > SHOWN && (
        <More all={response.environments.length} onClick={() => setAll(true)} />
      )}
    </section>
  );
}

/** What names a person; ids and addresses are no names to take initials from. */
const NAMES = ["username", "name", "email"] as const;
const IDS = ["id", "session_id", "ip_address"] as const;

export function AffectedUser({ user, table }: { user: JsonObject; table: string }) {
  const word = (key: string) => {
    const value = user[key];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  const name = NAMES.map(word).find(Boolean) ?? "";
  const shown = name || (IDS.map(word).find(Boolean) ?? "");
  if (shown === "") return null;
  return (
    <section className={styles.sideSection} aria-label="User of this event">
      <h2>User of this event</h2>
      <div className={styles.userName}>
        {name ? (
          <Avatar member={{ name, email: word("email") }} size={28} />
        ) : (
          <span className={styles.userSign}>
            <Icon name="person" size={16} />
          </span>
        )}
        <Link to={narrowed(table, { user: shown })} data-tip="Press to see this user's events of the issue">
          <EventText text={shown} />
        </Link>
      </div>
      <Pairs entries={Object.entries(user)} path="user" />
    </section>
  );
}
