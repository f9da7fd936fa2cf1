// Title, state and what to do, the numbers, the events of the range.
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import Skeleton from "@mui/material/Skeleton";
import { type ReactNode, useEffect, useState } from "react";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { levelName, memberName, statusName, type StatusName } from "@/shared/format/issue";
import { toDate } from "@/shared/format/time";
import { Avatar, Count, LevelLabel, Pill, RelativeTime, StatusPill } from "@/shared/ui/bits";
import { BarChart } from "@/shared/ui/BarChart";
import { Icon } from "@/shared/ui/Icon";
import { MenuButton } from "@/shared/ui/MenuButton";
import { rangeSeconds, rangeWords, type Scope } from "@/shared/url/scope";
import { useIssueSeries } from "../api/getIssueSeries";
import type { LiveState } from "../api/streamIssues";
import { useTriage } from "../api/triage";
import { AssignMenu } from "../AssignMenu";
import { LiveDot } from "../list/LiveDot";
import styles from "./detail.module.css";

export function IssueHeader({ issue, scope, live }: { issue: Issue; scope: Scope; live: LiveState }) {
  const value = issue.type && issue.title.startsWith(`${issue.type}:`) ? issue.title.slice(issue.type.length + 1).trim() : "";
  return (
    <header className={styles.header}>
      <div className={styles.headerTop}>
        <div className={styles.headerWhat}>
          <h1>
            {value ? (
              <>
                <b>{issue.type}</b>: <span>{value}</span>
              </>
            ) : (
              <b>{issue.title}</b>
            )}
          </h1>
          <div className={styles.headerWhere}>
            <LevelLabel level={levelName(issue.level)} />
            <StatusPill status={statusName(issue.status)} />
            {issue.handled === false && <Pill kind="fail">unhandled</Pill>}
            {issue.culprit && <code>{issue.culprit}</code>}
            <LiveDot state={live} />
          </div>
        </div>
        <Actions issue={issue} />
      </div>
      <div className={styles.numbers}>
        <Fact name="Events">
          <Count value={issue.count} one="event" />
        </Fact>
        <Fact name="Users">
          <Count value={issue.users} one="user" />
        </Fact>
        <Fact name="First seen" note={issue.firstRelease}>
          <RelativeTime time={issue.firstSeen} suffix=" ago" />
        </Fact>
        <Fact name="Last seen" note={issue.lastRelease}>
          <RelativeTime time={issue.lastSeen} suffix=" ago" />
        </Fact>
        <div className={styles.headerChart}>
          <Series issueId={issue.id} scope={scope} />
        </div>
      </div>
    </header>
  );
}

function Fact({ name, note, children }: { name: string; note?: string; children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <span>{name}</span>
      <b>{children}</b>
      {note && <small title={note}>{note}</small>}
    </div>
  );
}

function Series({ issueId, scope }: { issueId: string; scope: Scope }) {
  const series = useIssueSeries(issueId, rangeSeconds(scope.range));
  if (!series.data?.from) return <Skeleton height={96} width="100%" />;
  const counts = (series.data.series[0]?.counts ?? []).map(Number);
  return <BarChart label={`Events of the ${rangeWords(scope.range)}`} from={toDate(series.data.from)} bucketS={series.data.bucketS} series={[{ name: "events", colour: "var(--accent)", counts }]} height={96} />;
}

function Actions({ issue }: { issue: Issue }) {
  const triage = useTriage();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const status = statusName(issue.status);
  const set = (next: StatusName) => triage.setStatus([issue], next);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
      if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('[role="dialog"],[role="menu"]')) return;
      if (event.key === "e") triage.setStatus([issue], status === "resolved" ? "unresolved" : "resolved");
      else if (event.key === "i") triage.setStatus([issue], status === "ignored" ? "unresolved" : "ignored");
      else if (event.key === "a") setAnchor(document.querySelector<HTMLElement>("[data-assign]"));
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [triage, issue, status]);

  return (
    <div className={styles.actions}>
      {status === "unresolved" ? (
        <>
          <Button variant="contained" startIcon={<Icon name="check" size={14} />} onClick={() => set("resolved")}>
            Resolve
          </Button>
          <Button variant="outlined" startIcon={<Icon name="mute" size={14} />} onClick={() => set("ignored")}>
            Ignore
          </Button>
        </>
      ) : (
        <Button variant="outlined" startIcon={<Icon name="reopen" size={14} />} onClick={() => set("unresolved")}>
          Reopen
        </Button>
      )}
      <Button data-assign variant="outlined" startIcon={issue.assignee ? <Avatar member={issue.assignee} size={18} /> : <Icon name="person" size={14} />} onClick={(event) => setAnchor(event.currentTarget)}>
        {issue.assignee ? memberName(issue.assignee) : "Assign"}
      </Button>
      <AssignMenu
        anchor={anchor}
        current={issue.assignee?.id}
        onClose={() => setAnchor(null)}
        onChoose={(member) => {
          triage.assign([issue], member);
          setAnchor(null);
        }}
      />
      <MenuButton label="More to do with this issue" text="More">
        {(close) => (
          <MenuItem
            onClick={() => {
              close();
              triage.discard(issue);
            }}
          >
            <span className={styles.menuItem}>
              Discard
              <small>Ignore it, and turn its events away until it is reopened</small>
            </span>
          </MenuItem>
        )}
      </MenuButton>
    </div>
  );
}
