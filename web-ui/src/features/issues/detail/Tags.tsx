// What the affected have in common: each tag's values by share, this event's own
// value marked.
import Skeleton from "@mui/material/Skeleton";
import type { TagKey } from "@/gen/errata/v1/issue_pb";
import { exactCount, plural, share } from "@/shared/format/count";
import { useTags } from "../api/listTags";
import { Section } from "./Section";
import styles from "./detail.module.css";

const VALUES_SHOWN = 4;

export function Tags({ issueId, own }: { issueId: string; own: Readonly<Record<string, string>> }) {
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
          <Tag key={tag.key} tag={tag} own={own[tag.key]} />
        ))}
      </div>
      {alone.length > 0 && (
        <dl className={styles.pairs}>
          {alone.map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </Section>
  );
}

function Tag({ tag, own }: { tag: TagKey; own: string | undefined }) {
  const shown = tag.values.slice(0, VALUES_SHOWN);
  const rest = tag.count - shown.reduce((sum, each) => sum + each.count, 0n);
  return (
    <div className={styles.tag}>
      <div className={styles.tagHead}>
        <span>{tag.key}</span>
        <span>{tag.distinct > 1000 ? "over 1,000 values" : plural(tag.distinct, "value")}</span>
      </div>
      {shown.map((each) => (
        <div key={each.value} className={styles.tagValue} data-own={each.value === own} data-tip={`${each.value}: ${plural(each.count, "event")}`}>
            <span className={styles.tagBar} style={{ width: `${(Number(each.count) / Math.max(1, Number(tag.count))) * 100}%` }} />
            <span className={styles.tagText}>{each.value || "(empty)"}</span>
            <span className={styles.tagShare}>{share(each.count, tag.count)}</span>
        </div>
      ))}
      {rest > 0n && (
        <div className={styles.tagRest}>
          others {share(rest, tag.count)} · {exactCount(rest)}
        </div>
      )}
    </div>
  );
}
