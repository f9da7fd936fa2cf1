import type { Sight } from "./api/setUserProjects";

/** "all projects", "3 projects", "no project". */
export function sightInWords({ allProjects, projectIds }: Sight): string {
  if (allProjects) return "all projects";
  if (projectIds.length === 0) return "no project";
  return projectIds.length === 1 ? "1 project" : `${String(projectIds.length)} projects`;
}
