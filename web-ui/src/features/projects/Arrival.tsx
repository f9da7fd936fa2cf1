// Whether anything has arrived yet, and a way to try it.
import Button from "@mui/material/Button";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "react-router";
import type { Project } from "@/gen/errata/v1/project_pb";
import { plural } from "@/shared/format/count";
import { failureOf } from "@/shared/format/failure";
import { useNotices } from "@/shared/state/notices";
import { RelativeTime } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { sharedKeys } from "@/shared/api/keys";
import { useNewestIssue } from "./api/getNewestIssue";
import { useSendTestError } from "./api/sendTestError";
import styles from "./projects.module.css";
import { projectKeys } from "./keys";

export function Arrival({ project, publicKey }: { project: Project; publicKey: string }) {
  const { id, events } = project;
  const has = events > 0n;
  const newest = useNewestIssue(id, has);
  const test = useSendTestError(id, publicKey);
  const { show, fail } = useNotices();
  const client = useQueryClient();
  useEffect(() => {
    // The rail and the lists count it too, and "What arrived" below.
    if (events === 0n) return;
    void client.invalidateQueries({ queryKey: projectKeys.all, exact: true });
    void client.invalidateQueries({ queryKey: projectKeys.arrivals(id) });
    void client.invalidateQueries({ queryKey: sharedKeys.issues });
  }, [events, id, client]);
  const send = () =>
    test.mutate(undefined, {
      onSuccess: () => {
        show("Test error sent and stored");
        void client.invalidateQueries({ queryKey: projectKeys.one(id) });
      },
      onError: (cause) =>
        fail(`Not sent: ${failureOf(cause).reason}.`, {
          topic: "test error",
          errorId: failureOf(cause).id,
          retry: send,
        }),
    });
  return (
    <section className={styles.arrival} data-live={has} aria-label="Arrival of events">
      <span className={styles.pulse} aria-hidden="true">
        {has && <Icon name="check" size={14} />}
      </span>
      <div className={styles.arrivalText} aria-live="polite">
        {has ? (
          <>
            <b>Connected</b>
            <span>
              {plural(events, "event")}, the last <RelativeTime time={project.lastEventAt} suffix=" ago" />
              {newest.data && (
                <>
                  {": "}
                  <Link to={`/issues/${newest.data.id}`}>{newest.data.title}</Link>
                </>
              )}
            </span>
          </>
        ) : (
          <>
            <b>Waiting for the first event…</b>
            <span>
              This turns live by itself when it arrives. Sent, and nothing here?{" "}
              <Link to={`/projects/${id}/ingestion`}>See what became of it</Link>.
            </span>
          </>
        )}
      </div>
      <Button variant={has ? "outlined" : "contained"} disabled={test.isPending} onClick={send}>
        {test.isPending ? "Sending…" : "Send a test error"}
      </Button>
    </section>
  );
}
