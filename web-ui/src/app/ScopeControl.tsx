// Project, environment and time range: one control, kept in the URL.
import { useFacets } from "@/shared/api/listFacets";
import { useProjects } from "@/shared/api/listProjects";
import { PickerButton } from "@/shared/ui/Picker";
import type { ChangeOf } from "@/shared/url/params";
import { type Scope, useScope } from "@/shared/url/scope";
import { TimeChoice } from "./TimeChoice";
import styles from "./frame.module.css";

interface ScopeControlProps {
  /** Whether the page can be narrowed to an environment. */
  environment: boolean;
  /** Whether the page can be narrowed to projects. */
  projects: boolean;
}

export function ScopeControl({ environment, projects }: ScopeControlProps) {
  const [scope, setScope] = useScope();
  return (
    <div className={styles.scope} role="group" aria-label="Scope">
      {projects && <ProjectChoice chosen={scope.projectIds} onChange={setScope} />}
      {environment && (
        <EnvironmentChoice
          projectIds={scope.projectIds}
          chosen={scope.environment}
          onChange={(name) => setScope({ environment: name })}
        />
      )}
      <TimeChoice scope={scope} onChange={setScope} />
    </div>
  );
}

function ProjectChoice({ chosen, onChange }: { chosen: number[]; onChange: (change: ChangeOf<Scope>) => void }) {
  const projects = useProjects().data ?? [];
  const first = projects.find((project) => project.id === chosen[0]);
  const text =
    chosen.length === 0
      ? "All projects"
      : chosen.length === 1
        ? (first?.name ?? `Project ${chosen[0] ?? ""}`)
        : `${chosen.length} projects`;
  const choices = [
    { id: "", text: "All projects", chosen: chosen.length === 0 },
    ...projects.map((project) => ({ id: String(project.id), text: project.name, chosen: chosen.includes(project.id) })),
  ];
  return (
    <PickerButton
      label="Projects"
      text={<span className={styles.scopeText}>{text}</span>}
      choices={choices}
      onPick={({ id }) => onChange({ projectIds: id === "" ? [] : [Number(id)] })}
      onAdd={({ id }) =>
        onChange(({ projectIds: now }) => ({
          projectIds:
            id === ""
              ? []
              : now.includes(Number(id))
                ? now.filter((each) => each !== Number(id))
                : [...now, Number(id)],
        }))
      }
      note="A press shows one alone; its box, or Ctrl-Enter, adds it."
    />
  );
}

function EnvironmentChoice({
  projectIds,
  chosen,
  onChange,
}: {
  projectIds: number[];
  chosen: string;
  onChange: (name: string) => void;
}) {
  const facets = useFacets(projectIds);
  const names = facets.data?.environments ?? [];
  const choices = [
    { id: "", text: "All environments", chosen: chosen === "" },
    ...names.map((name) => ({ id: name, text: name, chosen: name === chosen })),
  ];
  return (
    <PickerButton
      label="Environment"
      text={<span className={styles.scopeText}>{chosen || "All environments"}</span>}
      choices={choices}
      onPick={({ id }) => onChange(id)}
    />
  );
}
