import Skeleton from "@mui/material/Skeleton";
import { Link, useParams } from "react-router";
import { ErrorState } from "@/shared/ui/states";
import { useProject } from "./api/getProject";
import { Arrival } from "./Arrival";
import { ProjectHead } from "./ProjectHead";
import { SetUp } from "./SetUp";
import styles from "./projects.module.css";

export function SetUpPage() {
  const projectId = Number(useParams()["projectId"]);
  const query = useProject(projectId);
  if (query.isError) return <ErrorState page error={query.error} retry={() => void query.refetch()} />;
  const project = query.data?.project;
  const key = query.data?.keys.find((each) => each.enabled);
  return (
    <div className={styles.page}>
      <ProjectHead projectId={projectId} name={project?.name} />
      {!project ? (
        <Skeleton height={320} width="100%" />
      ) : key ? (
        <>
          <Arrival project={project} publicKey={key.publicKey} />
          <SetUp project={project} projectKey={key} />
        </>
      ) : (
        <NoKey projectId={projectId} />
      )}
    </div>
  );
}

export function NoKey({ projectId }: { projectId: number }) {
  return (
    <p className={styles.lead}>
      This project has no enabled key, so nothing can be sent to it.{" "}
      <Link to={`/projects/${projectId}/settings`}>Enable one, or make a new one</Link>.
    </p>
  );
}
