// Beside the event: who did what, which releases, which environments, who was
// affected.
import Skeleton from "@mui/material/Skeleton";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Activity, GetIssueResponse } from "@/gen/errata/v1/issue_pb";
import { share } from "@/shared/format/count";
import { Avatar, Count, RelativeTime } from "@/shared/ui/bits";
import { Icon, type IconName } from "@/shared/ui/Icon";
import { ErrorState } from "@/shared/ui/states";
import { useActivity } from "../api/listActivity";
import { Pairs } from "./Particulars";
import styles from "./detail.module.css";

const deeds: Record<string, [IconName, (activity: Activity) => string]> = {
  new: ["bolt", () => "First seen"],
  regressed: ["bolt", ({ detail }) => (detail ? `Came back in ${detail}` : "Came back")],
  resolved: ["check", () => "resolved it"],
  ignored: ["mute", () => "ignored it"],
  reopened: ["reopen", () => "reopened it"],
  assigned: ["person", ({ detail }) => `assigned it to ${detail}`],
  unassigned: ["person", () => "unassigned it"],
  notified: ["mail", ({ detail }) => `Mail sent to ${detail}`],
  notification_failed: ["warning", ({ detail }) => `Mail failed to ${detail}`],
  notification_held: ["mute", () => "Mail waits: at most one an hour"],
  notification_suppressed: ["mute", () => "No mail: told with what came after it, or no longer open"],
};
const bySystem = new Set(["errata", "alerter", ""]);

export function ActivityList({ issueId }: { issueId: string }) {
  const activity = useActivity(issueId);
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

export function Releases({ response }: { response: GetIssueResponse }) {
  if (response.releases.length === 0) return null;
  return (
    <section className={styles.sideSection} aria-label="Releases">
      <h2>Releases</h2>
      <ul className={styles.sideList}>
        {response.releases.slice(0, 8).map((release) => (
          <li key={release.version}>
            <span className={styles.sideName} title={release.version}>{release.version}</span>
            <span className={styles.sideFaint}><RelativeTime time={release.lastSeen} suffix=" ago" /></span>
            <span className={styles.sideCount}><Count value={release.count} one="event" /></span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Environments({ response }: { response: GetIssueResponse }) {
  if (response.environments.length === 0) return null;
  const total = response.environments.reduce((sum, each) => sum + each.count, 0n);
  return (
    <section className={styles.sideSection} aria-label="Environments">
      <h2>Environments</h2>
      <ul className={styles.sideList}>
        {response.environments.slice(0, 8).map((each) => (
          <li key={each.value}>
            <span className={styles.sideName}>{each.value}</span>
            <span className={styles.sideFaint}>{share(each.count, total)}</span>
            <span className={styles.sideCount}><Count value={each.count} one="event" /></span>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function AffectedUser({ user }: { user: JsonObject }) {
  const word = (key: string) => (typeof user[key] === "string" ? user[key] : "");
  const name = word("username") || word("name") || word("email") || word("id") || word("ip_address");
  if (name === "") return null;
  return (
    <section className={styles.sideSection} aria-label="User of this event">
      <h2>User of this event</h2>
      <div className={styles.userName}>
        <Avatar member={{ name, email: word("email") }} size={28} />
        <b>{name}</b>
      </div>
      <Pairs entries={Object.entries(user)} />
    </section>
  );
}
