// The head of all pages of a project: its name, and where else to go.
import { Link, useLocation } from "react-router";
import { bringIntoView, PageHead } from "@/shared/ui/bits";
import styles from "./projects.module.css";

const tabs = [
  ["", "Overview"],
  ["/set-up", "Set-up"],
  ["/ingestion", "Ingestion"],
  ["/settings", "Settings"],
] as const;

export function ProjectHead({ projectId, name }: { projectId: number; name: string | undefined }) {
  const { pathname } = useLocation();
  const base = `/projects/${projectId}`;
  const here = tabs.find(([path]) => path !== "" && pathname.startsWith(base + path)) ?? tabs[0];
  return (
    <div>
      <PageHead title={name ?? "Project"} of={here[1]} />
      <nav className={styles.projectTabs} aria-label="Project">
        {tabs.map(([path, text]) => (
          <Link
            key={path}
            to={base + path}
            aria-current={path === here[0] ? "page" : undefined}
            ref={path === here[0] ? bringIntoView : undefined}
          >
            {text}
          </Link>
        ))}
        <span aria-hidden="true" />
        <Link to={`/issues?project=${projectId}`}>Issues</Link>
        <Link to={`/dashboard?project=${projectId}`}>Dashboard</Link>
      </nav>
    </div>
  );
}
