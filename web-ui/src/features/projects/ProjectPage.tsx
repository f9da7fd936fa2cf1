// One project: what arrived, and what people wrote. Before the first event, how to send
// it.
import Skeleton from "@mui/material/Skeleton";
import { useParams } from "react-router";
import { ErrorState } from "@/shared/ui/states";
import { useProject } from "./api/getProject";
import { Arrival } from "./Arrival";
import { Arrivals } from "./Arrivals";
import { ProjectFeedback } from "./ProjectFeedback";
import { ProjectHead } from "./ProjectHead";
import { SetUp } from "./SetUp";
import { NoKey } from "./SetUpPage";
import { Spikes } from "./Spikes";
import { Usage } from "./Usage";
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
      <ProjectHead projectId={project.id} name={project.name} />
      {key ? <Arrival project={project} publicKey={key.publicKey} /> : <NoKey projectId={project.id} />}
      {key && project.events === 0n && <SetUp project={project} projectKey={key} />}
      <Usage projectId={project.id} />
      <Arrivals projectId={project.id} />
      <Spikes projectId={project.id} />
      <ProjectFeedback projectId={project.id} />
    </div>
  );
}
