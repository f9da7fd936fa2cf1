// "Why this issue?": what of the event counts, what does not and what says so; and why
// another event is not in this issue. The stack above marks its frames meanwhile.
import Skeleton from "@mui/material/Skeleton";
import type { GroupingExplanation } from "@/gen/errata/v1/event_read_pb";
import { CopyButton } from "@/shared/ui/CopyButton";
import { Icon } from "@/shared/ui/Icon";
import { ErrorState } from "@/shared/ui/states";
import type { useGrouping } from "../../api/explainGrouping";
import { Compare } from "./Compare";
import { summaryOf } from "./components";
import { Tree } from "./Tree";
import styles from "./why.module.css";

export function WhyIssue({ query, eventId }: { query: ReturnType<typeof useGrouping>; eventId: string }) {
  return (
    <div className={styles.panel}>
      {query.isPending && <Skeleton height={160} width="100%" />}
      {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {query.data?.root && <Explained explanation={query.data} root={query.data.root} />}
      <Compare eventId={eventId} />
    </div>
  );
}

function Explained({
  explanation,
  root,
}: {
  explanation: GroupingExplanation;
  root: NonNullable<GroupingExplanation["root"]>;
}) {
  const { fingerprint, algorithmVersion } = explanation;
  const summary = summaryOf(root);
  return (
    <>
      <p className={styles.lead}>
        Events of a project whose parts that count are the same are one issue. Lines, columns, users, releases and times
        never count.
      </p>
      <p className={styles.lead}>
        What counts here: <b>{root.why || "what the event has"}</b>
        {summary && `, ${summary}`}
      </p>
      <ul className={styles.legend} aria-label="Signs">
        <li data-counts="true">
          <Icon name="check" size={14} /> counts
        </li>
        <li data-counts="false">
          <Icon name="close" size={14} /> does not count
        </li>
      </ul>
      <Tree parts={root.parts} />
      <p className={styles.print}>
        Fingerprint <code>{fingerprint}</code>
        <CopyButton text={fingerprint} what="fingerprint" />
        <span>grouping version {algorithmVersion}</span>
      </p>
    </>
  );
}
