// What owners set for a project: which events are not wanted, and what is masked of
// the others before they are stored. With a look at what a change would do.
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { Role } from "@/gen/errata/v1/command_pb";
import type { ProjectSettings } from "@/gen/errata/v1/settings_pb";
import { useViewer } from "@/shared/api/getViewer";
import { PageHead } from "@/shared/ui/bits";
import { ErrorState } from "@/shared/ui/states";
import { useProject } from "../api/getProject";
import { useProjectSettings } from "./api/getProjectSettings";
import { filtersDraft, scrubbingDraft } from "./draft";
import { FiltersForm } from "./FiltersForm";
import { ScrubbingForm } from "./ScrubbingForm";
import { Tester } from "./Tester";
import styles from "./settings.module.css";

export function ProjectSettingsPage() {
  const projectId = Number(useParams()["projectId"]);
  const project = useProject(projectId);
  const settings = useProjectSettings(projectId);
  const viewer = useViewer();
  const failed = [project, settings, viewer].find((query) => query.isError);
  if (failed) return <ErrorState page error={failed.error} retry={() => void failed.refetch()} />;
  return (
    <div className={styles.page}>
      <p className={styles.back}>
        <Link to={`/projects/${projectId}`}>{project.data?.project?.name ?? "Project"}</Link>
      </p>
      <PageHead title="Filters and data scrubbing" of={project.data?.project?.name} />
      {settings.data && viewer.data ? (
        <Forms projectId={projectId} settings={settings.data} isOwner={viewer.data.viewer?.role === Role.OWNER} />
      ) : (
        <>
          <Skeleton height={240} width="100%" />
          <Skeleton height={240} width="100%" />
        </>
      )}
    </div>
  );
}

function Forms({ projectId, settings, isOwner }: { projectId: number; settings: ProjectSettings; isOwner: boolean }) {
  const [filters, setFilters] = useState(() => filtersDraft(settings.filters));
  const [scrubbing, setScrubbing] = useState(() => scrubbingDraft(settings.scrubbing));
  return (
    <>
      {!isOwner && <p className={styles.note}>Only an owner can change this.</p>}
      <fieldset className={styles.forms} disabled={!isOwner}>
        <FiltersForm projectId={projectId} saved={settings.filters} draft={filters} onChange={setFilters} />
        <ScrubbingForm projectId={projectId} saved={settings.scrubbing} draft={scrubbing} onChange={setScrubbing} />
      </fieldset>
      {isOwner && <Tester projectId={projectId} filters={filters} scrubbing={scrubbing} />}
    </>
  );
}
