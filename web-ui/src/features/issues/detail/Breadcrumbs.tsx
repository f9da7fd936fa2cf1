// The steps that led to the error, oldest first, ending in the error itself.
import Button from "@mui/material/Button";
import { useState } from "react";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type Breadcrumb, Level } from "@/gen/errata/v1/event_pb";
import { levelName } from "@/shared/format/issue";
import { absolute, clock, duration, toDate } from "@/shared/format/time";
import { levelColour } from "@/shared/ui/bits";
import { EventText } from "@/shared/ui/EventText";
import { Icon, type IconName } from "@/shared/ui/Icon";
import { JsonView } from "@/shared/ui/JsonView";
import { Section } from "./Section";
import styles from "./detail.module.css";

/** The last steps matter most; earlier ones are one click away. */
const SHOWN_AT_FIRST = 15;

export function iconOf(crumb: Breadcrumb): IconName {
  const kind = `${crumb.type} ${crumb.category}`;
  if (/http|fetch|xhr|request/.test(kind)) return "globe";
  if (/navigation|route/.test(kind)) return "route";
  if (/ui|click|input|touch/.test(kind)) return "pointer";
  if (/query|sql|redis|cache|db/.test(kind)) return "database";
  if (/console|log|debug/.test(kind)) return "terminal";
  if (/auth|user/.test(kind)) return "person";
  return "dot";
}

const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");

/** What a step says, and what of its data is left to show. */
export function summarize(crumb: Breadcrumb): { text: string; rest: Record<string, unknown> } {
  const data: Record<string, unknown> = { ...crumb.data };
  const without = (...keys: string[]) =>
    Object.fromEntries(Object.entries(data).filter(([key, value]) => !(keys.includes(key) && text(value) !== "")));
  const [method, url, status, from, to] = ["method", "url", "status_code", "from", "to"].map((key) => text(data[key]));
  if (url) {
    const line = [method || "GET", url, status && `→ ${status}`].filter(Boolean).join(" ");
    return { text: [line, crumb.message].filter(Boolean).join(" · "), rest: without("method", "url", "status_code") };
  }
  if (from && to) return { text: `${from} → ${to}`, rest: without("from", "to") };
  return { text: crumb.message, rest: data };
}

const timeOf = (crumb: Breadcrumb): number =>
  crumb.timestamp ? Number(crumb.timestamp.seconds) * 1000 + crumb.timestamp.nanos / 1e6 : 0;

/** Oldest first; those without a time stay behind the one they came after. */
export function byTime(crumbs: readonly Breadcrumb[]): Breadcrumb[] {
  let last = 0;
  const timed = crumbs.map((crumb) => ({ crumb, at: crumb.timestamp ? (last = timeOf(crumb)) : last }));
  return timed.toSorted((a, b) => a.at - b.at).map(({ crumb }) => crumb);
}

export function Breadcrumbs({
  crumbs,
  errorTitle,
  errorTime,
}: {
  crumbs: Breadcrumb[];
  errorTitle: string;
  errorTime: Timestamp | undefined;
}) {
  const [all, setAll] = useState(false);
  if (crumbs.length === 0) return null;
  const sorted = byTime(crumbs);
  const shown = all ? sorted : sorted.slice(-SHOWN_AT_FIRST);
  const hidden = crumbs.length - shown.length;
  const end = errorTime && toDate(errorTime);
  return (
    <Section title="What led here" note={`${crumbs.length} ${crumbs.length === 1 ? "step" : "steps"}`}>
      {hidden > 0 && (
        <Button variant="text" onClick={() => setAll(true)}>
          Show {hidden} earlier {hidden === 1 ? "step" : "steps"}
        </Button>
      )}
      <ol className={styles.crumbs}>
        {shown.map((crumb, index) => (
          <Crumb key={index} crumb={crumb} end={end} />
        ))}
        <li className={styles.crumb} data-end="true">
          <span className={styles.crumbIcon}>
            <Icon name="bolt" size={14} />
          </span>
          <span className={styles.crumbWhat}>
            <span className={styles.crumbText}>
              <EventText text={errorTitle} />
            </span>
          </span>
          <span className={styles.crumbTime}>{end && clock(end)}</span>
        </li>
      </ol>
    </Section>
  );
}

function Crumb({ crumb, end }: { crumb: Breadcrumb; end: Date | undefined }) {
  const level = levelName(crumb.level);
  const marked = crumb.level !== Level.UNSPECIFIED && level !== "info" && level !== "debug";
  const { text: line, rest } = summarize(crumb);
  const at = crumb.timestamp && toDate(crumb.timestamp);
  const hasData = Object.keys(rest).length > 0;
  return (
    <li className={styles.crumb}>
      <span className={styles.crumbIcon} style={marked ? { color: levelColour(level) } : undefined}>
        <Icon name={iconOf(crumb)} size={14} />
      </span>
      <span className={styles.crumbWhat}>
        <span className={styles.crumbCategory}>
          {crumb.category || crumb.type || "step"}
          {marked && <b style={{ color: levelColour(level) }}> {level}</b>}
        </span>
        {line && (
          <span className={styles.crumbText}>
            <EventText text={line} />
          </span>
        )}
        {hasData && (
          <span className={styles.crumbData}>
            <JsonView value={rest} depth={1} />
          </span>
        )}
      </span>
      {at && (
        <time
          className={styles.crumbTime}
          dateTime={at.toISOString()}
          data-tip={`${absolute(at)}${end ? ` · ${duration(Math.max(0, end.getTime() - at.getTime()))} before the error` : ""}`}
        >
          {clock(at)}
        </time>
      )}
    </li>
  );
}
