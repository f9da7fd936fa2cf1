// Set-up of one project: DSN, what to paste, and the first event as it arrives.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useParams } from "react-router";
import type { Project } from "@/gen/errata/v1/project_pb";
import { failureOf } from "@/shared/format/failure";
import { plural } from "@/shared/format/count";
import { useNotices } from "@/shared/state/notices";
import { PageHead, RelativeTime, Segments } from "@/shared/ui/bits";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Icon } from "@/shared/ui/Icon";
import { ErrorState } from "@/shared/ui/states";
import { useNewestIssue } from "./api/getNewestIssue";
import { useProject } from "./api/getProject";
import { useSendTestError } from "./api/sendTestError";
import { Arrivals } from "./Arrivals";
import { ProjectFeedback } from "./ProjectFeedback";
import { setupFor, setupsFor } from "./setups";
import styles from "./projects.module.css";

export function ProjectPage() {
  const projectId = Number(useParams()["projectId"]);
  const query = useProject(projectId);
  if (query.isError) return <ErrorState page error={query.error} retry={() => void query.refetch()} />;
  const project = query.data?.project;
  const key = query.data?.keys.find((each) => each.enabled);
  if (!project) {
    return (
      <div className={styles.page}>
        <Skeleton height={32} width={200} />
        <Skeleton height={72} width="100%" />
        <Skeleton height={320} width="100%" />
      </div>
    );
  }
  return (
    <div className={styles.page}>
      <PageHead title={project.name}>
        <span className={styles.grow} />
        <Button variant="outlined" component={Link} to={`/projects/${project.id}/ingestion`}>
          Ingestion
        </Button>
        <Button variant="outlined" component={Link} to={`/projects/${project.id}/settings`}>
          Filters and scrubbing
        </Button>
        <Button variant="outlined" component={Link} to={`/issues?project=${project.id}`}>
          Issues
        </Button>
        <Button variant="outlined" component={Link} to={`/dashboard?project=${project.id}`}>
          Dashboard
        </Button>
      </PageHead>
      {key ? (
        <>
          <Arrival project={project} publicKey={key.publicKey} />
          <section aria-label="DSN" className={styles.section}>
            <h2>DSN</h2>
            <p className={styles.lead}>Where this project&apos;s errors go. It is public: whoever holds it can only send.</p>
            <CodeBlock text={key.dsn} what="DSN" />
          </section>
          <SetUp platform={project.platform} dsn={key.dsn} publicKey={key.publicKey} />
        </>
      ) : (
        <p className={styles.lead}>This project has no enabled key. An owner can create one with: errata key create</p>
      )}
      <ProjectFeedback projectId={project.id} />
      <Arrivals projectId={project.id} />
    </div>
  );
}

function Arrival({ project, publicKey }: { project: Project; publicKey: string }) {
  const has = project.events > 0n;
  const newest = useNewestIssue(project.id, has);
  const test = useSendTestError(project.id, publicKey);
  const show = useNotices((state) => state.show);
  const client = useQueryClient();
  useEffect(() => {
    // The rail and the lists count it too.
    if (has) void client.invalidateQueries({ queryKey: ["projects"], exact: true });
  }, [has, client]);
  const send = () =>
    test.mutate(undefined, {
      onSuccess: () => show("Test error sent and stored"),
      onError: (cause) => show(`Not sent: ${failureOf(cause).reason}.`),
    });
  return (
    <section className={styles.arrival} data-live={has} aria-label="Arrival of events">
      <span className={styles.pulse} aria-hidden="true">{has && <Icon name="check" size={14} />}</span>
      <div className={styles.arrivalText} aria-live="polite">
        {has ? (
          <>
            <b>Connected</b>
            <span>
              {plural(project.events, "event")}, the last <RelativeTime time={project.lastEventAt} suffix=" ago" />
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
              This turns live by itself when it arrives. Sent, and nothing here? <Link to={`/projects/${project.id}/ingestion`}>See what became of it</Link>.
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

function SetUp({ platform, dsn, publicKey }: { platform: string; dsn: string; publicKey: string }) {
  const setups = setupsFor({ dsn, publicKey, origin: window.location.origin });
  const [chosen, setChosen] = useState(() => setupFor(platform));
  const setup = setups.find((each) => each.id === chosen) ?? setups[0];
  return (
    <section aria-label="Set-up" className={styles.section}>
      <h2>Connect an application</h2>
      <div className={styles.tabs}>
        <Segments label="Platform" value={chosen} options={setups.map((each) => [each.id, each.name] as const)} onChange={setChosen} />
      </div>
      <ol className={styles.steps}>
        {setup?.steps.map((step) => (
          <li key={step.title}>
            <h3>{step.title}</h3>
            <CodeBlock text={step.text} what={step.title.toLowerCase()} />
          </li>
        ))}
      </ol>
    </section>
  );
}
