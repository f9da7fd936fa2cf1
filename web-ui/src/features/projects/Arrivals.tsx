// What arrived in the last hours or days: kept, counted only, dropped, and what SDKs
// say they dropped before sending.
import Skeleton from "@mui/material/Skeleton";
import { type ReactNode, useState } from "react";
import type { Arrival } from "@/gen/errata/v1/project_pb";
import { Count, Segments } from "@/shared/ui/bits";
import { ErrorState } from "@/shared/ui/states";
import { useArrivals } from "./api/listArrivals";
import { categoryName, fates, reasonText, whyCounted } from "./arrivals";
import styles from "./projects.module.css";

const SPANS = [
  ["24", "24 hours"],
  ["168", "7 days"],
  ["720", "30 days"],
] as const;
type Span = (typeof SPANS)[number][0];

export function Arrivals({ projectId }: { projectId: number }) {
  const [span, setSpan] = useState<Span>("24");
  const query = useArrivals(projectId, Number(span));
  return (
    <section aria-label="What arrived" className={styles.section}>
      <div className={styles.sectionTop}>
        <h2>What arrived</h2>
        <Segments label="Time span" value={span} options={SPANS} onChange={setSpan} />
      </div>
      {query.isError ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : query.data ? (
        <Table received={query.data.received} byClients={query.data.droppedByClients} />
      ) : (
        <Skeleton height={140} width="100%" />
      )}
    </section>
  );
}

function Table({ received, byClients }: { received: Arrival[]; byClients: Arrival[] }) {
  const { stored, counted, dropped } = fates(received);
  if (received.length + byClients.length === 0) return <p className={styles.lead}>Nothing in this time.</p>;
  return (
    <table className={styles.arrivals}>
      <Group title="Stored" arrivals={stored} row={() => null} />
      <Group title="Counted, not stored" arrivals={counted} row={whyCounted} />
      <Group title="Dropped" arrivals={dropped} row={({ reason }) => reasonText(reason)} />
      <Group title="Dropped by SDKs before sending" arrivals={byClients} row={({ reason }) => <code>{reason}</code>} />
    </table>
  );
}

function Group({ title, arrivals, row }: { title: string; arrivals: Arrival[]; row: (arrival: Arrival) => ReactNode }) {
  if (arrivals.length === 0) return null;
  return (
    <tbody>
      <tr>
        <th colSpan={3} scope="rowgroup">
          {title}
        </th>
      </tr>
      {arrivals.map((each) => (
        <tr key={`${each.category} ${each.reason}`}>
          <td>{categoryName(each.category)}</td>
          <td className={styles.why}>{row(each)}</td>
          <td className={styles.number}>
            <Count value={each.count} one="item" />
          </td>
        </tr>
      ))}
    </tbody>
  );
}
