// What owners set for a project: its name, its keys, how long events are kept, which are not wanted, and
// what is masked of the others before they are stored. With a look at what a change
// would do.
import Skeleton from "@mui/material/Skeleton";
import { lazy, Suspense, useState } from "react";
import { useParams } from "react-router";
import { Role } from "@/gen/errata/v1/command_pb";
import type { ProjectSettings } from "@/gen/errata/v1/settings_pb";
import { useViewer } from "@/shared/api/getViewer";
import { ErrorState } from "@/shared/ui/states";
import { useProject } from "../api/getProject";
import { useUsage } from "../api/getUsage";
import { ProjectHead } from "../ProjectHead";
import { useProjectSettings } from "./api/getProjectSettings";
import { filtersDraft, filtersOf, scrubbingDraft, scrubbingOf } from "./draft";
import { FiltersForm } from "./FiltersForm";
import { General } from "./General";
import { Keys } from "./Keys";
import { LeaveGuard } from "./LeaveGuard";
import { PlanForm } from "./PlanForm";
import { RetentionForm } from "./RetentionForm";
import { ScrubbingForm } from "./ScrubbingForm";
import { Tester } from "./Tester";
import styles from "./settings.module.css";

// An editor: not what most come here for.
const GroupingRules = lazy(() => import("./grouping/GroupingRules"));

export function ProjectSettingsPage() {
  const projectId = Number(useParams()["projectId"]);
  const project = useProject(projectId);
  const settings = useProjectSettings(projectId);
  const viewer = useViewer();
  const [rulesChanged, setRulesChanged] = useState(false);
  const failed = [project, settings, viewer].find((query) => query.isError);
  if (failed) return <ErrorState page error={failed.error} retry={() => void failed.refetch()} />;
  const isOwner = viewer.data?.viewer?.role === Role.OWNER;
  const found = project.data?.project;
  return (
    <div className={styles.page}>
      <ProjectHead projectId={projectId} name={found?.name} />
      {settings.data && viewer.data && found ? (
        <>
          {!isOwner && <p className={styles.note}>Only an owner can change what is here.</p>}
          {isOwner && <General key={`${found.id} ${found.name} ${found.platform}`} project={found} />}
          <Keys projectId={projectId} isOwner={isOwner} />
          {isOwner && <Quota projectId={projectId} />}
          {isOwner && (
            <RetentionForm
              key={settings.data.retention.join("\n")}
              projectId={projectId}
              saved={settings.data.retention}
            />
          )}
          <Forms projectId={projectId} settings={settings.data} isOwner={isOwner} rulesChanged={rulesChanged} />
          <Suspense fallback={<Skeleton height={240} width="100%" />}>
            <GroupingRules projectId={projectId} isOwner={isOwner} onChanged={setRulesChanged} />
          </Suspense>
        </>
      ) : (
        <>
          <Skeleton height={240} width="100%" />
          <Skeleton height={240} width="100%" />
        </>
      )}
    </div>
  );
}

function Quota({ projectId }: { projectId: number }) {
  const usage = useUsage(projectId, 1);
  if (usage.isError) return <ErrorState error={usage.error} retry={() => void usage.refetch()} />;
  if (!usage.data) return <Skeleton height={120} width="100%" />;
  const plan = usage.data.projects[0]?.plan;
  return <PlanForm key={`${plan?.kind} ${plan?.eventsPerHour}`} projectId={projectId} plan={plan} />;
}

interface FormsProps {
  projectId: number;
  settings: ProjectSettings;
  isOwner: boolean;
  rulesChanged: boolean;
}

function Forms({ projectId, settings, isOwner, rulesChanged }: FormsProps) {
  const [filters, setFilters] = useState(() => filtersDraft(settings.filters));
  const [scrubbing, setScrubbing] = useState(() => scrubbingDraft(settings.scrubbing));
  const isChanged = (now: unknown, saved: unknown) => JSON.stringify(now) !== JSON.stringify(saved);
  const unsaved = [
    isChanged(filtersOf(filters), filtersOf(filtersDraft(settings.filters))) && "filters",
    isChanged(scrubbingOf(scrubbing), scrubbingOf(scrubbingDraft(settings.scrubbing))) && "data scrubbing",
    rulesChanged && "rules of grouping",
  ].filter((each) => each !== false);
  return (
    <>
      <LeaveGuard changed={unsaved.length > 0} what={unsaved.join(" and ")} />
      <fieldset className={styles.forms} disabled={!isOwner}>
        <FiltersForm projectId={projectId} saved={settings.filters} draft={filters} onChange={setFilters} />
        <ScrubbingForm projectId={projectId} saved={settings.scrubbing} draft={scrubbing} onChange={setScrubbing} />
      </fieldset>
      {isOwner && <Tester projectId={projectId} filters={filters} scrubbing={scrubbing} />}
    </>
  );
}
