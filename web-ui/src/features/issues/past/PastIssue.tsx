// One issue as it stood: what it was, how often, who had it, what had been done.
import type { ReactNode } from "react";
import type { GetIssueResponse, Issue } from "@/gen/errata/v1/issue_pb";
import { exactCount } from "@/shared/format/count";
import { levelName, memberName, statusName } from "@/shared/format/issue";
import { absolute, toDate } from "@/shared/format/time";
import { LevelLabel, StatusPill } from "@/shared/ui/bits";
import { EventText } from "@/shared/ui/EventText";
import { Sparkline } from "@/shared/ui/Sparkline";
import { ActivityList } from "../detail/SideColumn";
import styles from "./past.module.css";

interface PastIssueProps {
  answer: GetIssueResponse;
  issue: Issue;
  at: string;
  nameOf: (projectId: number) => string;
}

export function PastIssue({ answer, issue, at, nameOf }: PastIssueProps) {
  const time = (stamp: Issue["firstSeen"]) => (stamp ? absolute(toDate(stamp)) : "–");
  const facts: [string, ReactNode][] = [
    ["Status", <StatusPill key="status" status={statusName(issue.status)} />],
    ["Level", <LevelLabel key="level" level={levelName(issue.level)} />],
    ["Project", nameOf(issue.projectId)],
    ["Assigned to", issue.assignee ? memberName(issue.assignee) : "nobody"],
    ["Events", exactCount(issue.count)],
    ["Users", issue.users === 0n ? "–" : exactCount(issue.users)],
    ["First seen", time(issue.firstSeen)],
    ["Last seen", time(issue.lastSeen)],
    ["Came back", issue.regressedAt ? `${time(issue.regressedAt)} ${issue.regressedIn}` : "no"],
    ["Releases", answer.releases.map((release) => release.version).join(", ") || "–"],
    ["Environments", answer.environments.map((each) => each.value).join(", ") || "–"],
  ];
  return (
    <>
      {issue.culprit && (
        <code>
          <EventText text={issue.culprit} />
        </code>
      )}
      <dl className={styles.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>Events before then</dt>
          <dd>
            <Sparkline counts={issue.sparkline} width={160} height={28} />
          </dd>
        </div>
      </dl>
      <ActivityList issueId={issue.id} at={at} />
    </>
  );
}
