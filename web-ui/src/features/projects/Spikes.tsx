// Spike protection: whether it is on, when it acted, and the switch.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { Role } from "@/gen/errata/v1/command_pb";
import type { Spike } from "@/gen/errata/v1/project_pb";
import { useViewer } from "@/shared/api/getViewer";
import { failureOf } from "@/shared/format/failure";
import { spanLabel, toDate } from "@/shared/format/time";
import { useNotices } from "@/shared/state/notices";
import { Count, Pill, RelativeTime } from "@/shared/ui/bits";
import { ErrorState } from "@/shared/ui/states";
import { useSpikes } from "./api/listSpikes";
import { useSetSpikeProtection } from "./api/setSpikeProtection";
import styles from "./projects.module.css";

const MINUTE_MS = 60_000;

export function Spikes({ projectId }: { projectId: number }) {
  const query = useSpikes(projectId);
  const isOwner = useViewer().data?.viewer?.role === Role.OWNER;
  return (
    <section aria-label="Spikes" className={styles.section}>
      <div className={styles.sectionTop}>
        <h2>Spikes</h2>
        {query.data && isOwner && <Switch projectId={projectId} isOn={query.data.isOn} />}
      </div>
      {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={48} width="100%" />}
      {query.data && (
        <>
          <p className={styles.lead}>
            {query.data.isOn
              ? "Spike protection is on: when far more events come than usual, equal ones are counted in their issue, and a few of each kind stored. Counts, users and releases stay exact; no event is turned away."
              : "Spike protection is off: a storm of equal events is stored whole, as far as the quota allows."}
          </p>
          {query.data.spikes.length > 0 ? (
            <History spikes={query.data.spikes} />
          ) : (
            query.data.isOn && <p className={styles.lead}>It had nothing to do in the last 30 days.</p>
          )}
        </>
      )}
    </section>
  );
}

function Switch({ projectId, isOn }: { projectId: number; isOn: boolean }) {
  const set = useSetSpikeProtection(projectId);
  const { show, fail } = useNotices();
  const run = (next: boolean) =>
    set.mutate(next, {
      onSuccess: () => show(next ? "Spike protection is on" : "Spike protection is off", () => set.mutate(!next)),
      onError: (cause) =>
        fail(`Spike protection not switched: ${failureOf(cause).reason}.`, {
          topic: "spikes",
          errorId: failureOf(cause).id,
          retry: () => run(next),
        }),
    });
  return (
    <Button variant="outlined" disabled={set.isPending} onClick={() => run(!isOn)}>
      {isOn ? "Switch spike protection off" : "Switch spike protection on"}
    </Button>
  );
}

function History({ spikes }: { spikes: Spike[] }) {
  return (
    <table className={styles.arrivals} aria-label="Spikes of the last 30 days">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Began</th>
          <th scope="col" className={styles.number}>
            Counted, not stored
          </th>
        </tr>
      </thead>
      <tbody>
        {spikes.map((spike) => (
          <tr key={String(spike.beganAt?.seconds)}>
            <td>
              {spike.beganAt &&
                spike.lastAt &&
                spanLabel(toDate(spike.beganAt), new Date(toDate(spike.lastAt).getTime() + MINUTE_MS))}{" "}
              {spike.isActive && <Pill kind="fail">going on</Pill>}
            </td>
            <td className={styles.why}>
              <RelativeTime time={spike.beganAt} suffix=" ago" />
            </td>
            <td className={styles.number}>
              <Count value={spike.sampled} one="event" />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
