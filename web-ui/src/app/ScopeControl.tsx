// Project, environment and time range: one control, kept in the URL.
import Checkbox from "@mui/material/Checkbox";
import MenuItem from "@mui/material/MenuItem";
import { useFacets } from "@/shared/api/listFacets";
import { useProjects } from "@/shared/api/listProjects";
import { MenuButton } from "@/shared/ui/MenuButton";
import { useScope } from "@/shared/url/scope";
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
      {projects && <ProjectChoice chosen={scope.projectIds} onChange={(projectIds) => setScope({ projectIds })} />}
      {environment && <EnvironmentChoice projectIds={scope.projectIds} chosen={scope.environment} onChange={(name) => setScope({ environment: name })} />}
      <TimeChoice scope={scope} onChange={setScope} />
    </div>
  );
}

function ProjectChoice({ chosen, onChange }: { chosen: number[]; onChange: (ids: number[]) => void }) {
  const projects = useProjects().data ?? [];
  const first = projects.find((project) => project.id === chosen[0]);
  const text = chosen.length === 0 ? "All projects" : chosen.length === 1 ? (first?.name ?? `Project ${chosen[0] ?? ""}`) : `${chosen.length} projects`;
  return (
    <MenuButton label="Projects" text={<span className={styles.scopeText}>{text}</span>}>
      {(close) => [
        <MenuItem key="all" selected={chosen.length === 0} onClick={() => (close(), onChange([]))}>
          All projects
        </MenuItem>,
        ...projects.map((project) => (
          <MenuItem key={project.id} onClick={() => (close(), onChange([project.id]))}>
            <Checkbox
              sx={{ p: 0, mr: "2px" }}
              checked={chosen.includes(project.id)}
              onClick={(event) => event.stopPropagation()}
              onChange={() => onChange(chosen.includes(project.id) ? chosen.filter((id) => id !== project.id) : [...chosen, project.id])}
              slotProps={{ input: { "aria-label": `Include ${project.name}` } }}
            />
            {project.name}
          </MenuItem>
        )),
      ]}
    </MenuButton>
  );
}

function EnvironmentChoice({ projectIds, chosen, onChange }: { projectIds: number[]; chosen: string; onChange: (name: string) => void }) {
  const facets = useFacets(projectIds);
  const names = facets.data?.environments ?? [];
  return (
    <MenuButton label="Environment" text={<span className={styles.scopeText}>{chosen || "All environments"}</span>}>
      {(close) => [
        <MenuItem key="" selected={chosen === ""} onClick={() => (close(), onChange(""))}>
          All environments
        </MenuItem>,
        ...names.map((name) => (
          <MenuItem key={name} selected={chosen === name} onClick={() => (close(), onChange(name))}>
            {name}
          </MenuItem>
        )),
      ]}
    </MenuButton>
  );
}
