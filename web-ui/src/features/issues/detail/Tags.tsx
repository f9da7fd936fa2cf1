// What the affected have in common: each tag's values by share, this event's own
// value marked.
import Skeleton from "@mui/material/Skeleton";
import { Link } from "react-router";
import type { TagKey } from "@/gen/errata/v1/issue_pb";
import { visible } from "@/shared/format/controls";
import { exactCount, plural, share } from "@/shared/format/count";
import { EventText } from "@/shared/ui/EventText";
import { useTags } from "../api/listTags";
import { narrowed } from "./eventSearch";
import { Pairs } from "./Particulars";
import { Section } from "./Section";
import styles from "./detail.module.css";

const VALUES_SHOWN = 4;

export function Tags({
  issueId,
  own,
  table,
}: {
  issueId: string;
  own: Readonly<Record<string, string>>;
  table: string;
}) {
  const tags = useTags(issueId);
  // A failure here costs the page nothing: the event's own tags are still shown.
  const known = new Set((tags.data ?? []).map((tag) => tag.key));
  const alone = Object.entries(own).filter(([key]) => !known.has(key));
  if (tags.data?.length === 0 && alone.length === 0) return null;
  return (
    <Section title="Tags" note="over all events of the issue; this event's value is marked">
      {tags.isPending && <Skeleton height={120} width="100%" />}
      <div className={styles.tags}>
        {(tags.data ?? []).map((tag) => (
          <Tag key={tag.key} tag={tag} own={own[tag.key]} table={table} />
        ))}
      </div>
      {alone.length > 0 && <Pairs entries={alone} />}
    </Section>
  );
}

function Tag({ tag, own, table }: { tag: TagKey; own: string | undefined; table: string }) {
  const shown = tag.values.slice(0, VALUES_SHOWN);
  const rest = tag.count - shown.reduce((sum, each) => sum + each.count, 0n);
  return (
    <div className={styles.tag}>
      <div className={styles.tagHead}>
        <span>
          <EventText text={tag.key} />
        </span>
        <span>{tag.distinct > 1000 ? "over 1,000 values" : plural(tag.distinct, "value")}</span>
      </div>
      {shown.map((each) => (
        <Link
          key={each.value}
          to={narrowed(table, { tag: { key: tag.key, value: each.value } })}
          className={styles.tagValue}
          data-own={each.value === own}
          data-tip={`${visible(each.value)}: ${plural(each.count, "event")}. Press to see them.`}
        >
          <span
            className={styles.tagBar}
            style={{ width: `${(Number(each.count) / Math.max(1, Number(tag.count))) * 100}%` }}
          />
          <span className={styles.tagText}>{each.value === "" ? "(empty)" : <EventText text={each.value} />}</span>
          <span className={styles.tagShare}>{share(each.count, tag.count)}</span>
        </Link>
      ))}
      {rest > 0n && (
        <Link className={styles.tagRest} to={narrowed(table, { tag: { key: tag.key, value: "" } })}>
          others {share(rest, tag.count)} · {exactCount(rest)}
        </Link>
      )}
    </div>
  );
}
