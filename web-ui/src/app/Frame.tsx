// Rail on the left (a bar at the bottom on phones), scope on top, the page.
import IconButton from "@mui/material/IconButton";
import { Suspense, useState } from "react";
import { Link, Outlet, ScrollRestoration, type Location, useLocation, useNavigation } from "react-router";
import { useViewer } from "@/shared/api/getViewer";
import { useProjects } from "@/shared/api/listProjects";
import { useOnline } from "@/shared/load/online";
import { lazyPart } from "@/shared/load/parts";
import { plural, shortCount } from "@/shared/format/count";
import { usePreferences } from "@/shared/state/preferences";
import { Avatar } from "@/shared/ui/bits";
import { Icon, type IconName } from "@/shared/ui/Icon";
import { Mark, Wordmark } from "@/shared/ui/Wordmark";
import { scopeSearch, useScope, type Scope } from "@/shared/url/scope";
import { ScopeControl } from "./ScopeControl";
import styles from "./frame.module.css";

/** `scoped`: takes projects and time range along. */
const places: readonly { to: string; icon: IconName; text: string; scoped: boolean }[] = [
  { to: "/issues", icon: "issues", text: "Issues", scoped: true },
  { to: "/dashboard", icon: "dashboard", text: "Dashboard", scoped: true },
  { to: "/analytics", icon: "analytics", text: "Analytics", scoped: true },
  { to: "/releases", icon: "route", text: "Releases", scoped: true },
  { to: "/monitors", icon: "clock", text: "Monitors", scoped: true },
  { to: "/sql", icon: "database", text: "SQL", scoped: false },
  { to: "/projects", icon: "projects", text: "Projects", scoped: false },
  { to: "/alerts", icon: "mail", text: "Alerts", scoped: false },
  { to: "/settings", icon: "settings", text: "Settings", scoped: false },
];

const isHere = (pathname: string, to: string) =>
  pathname === to || pathname.startsWith(`${to}/`) || (to === "/issues" && /^\/(events$|past(\/|$))/.test(pathname));

/** Pages whose rows are of projects, environments and a time. */
const SCOPED = ["/issues", "/events", "/dashboard", "/analytics", "/releases", "/monitors"];
const ofOneProject = (pathname: string) => /^\/(issues|releases|monitors)\/./.test(pathname);

/** A page that was loaded anew has no key of its own: its scroll position is that of its address, not of whatever was loaded before. */
const scrollKey = ({ key, pathname, search }: Location) => (key === "default" ? pathname + search : key);

export function Frame() {
  const collapsed = usePreferences((state) => state.railCollapsed);
  const busy = useNavigation().state === "loading";
  const { pathname } = useLocation();
  const scoped = SCOPED.some((place) => pathname === place || pathname.startsWith(`${place}/`));
  const whole = !ofOneProject(pathname);
  return (
    <div className={styles.frame} data-collapsed={collapsed}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      <Rail collapsed={collapsed} />
      <div className={styles.body}>
        {busy && <div className={styles.progress} role="progressbar" aria-label="Loading the page" />}
        <header className={styles.top}>
          <span className={styles.phoneMark}>
            <Mark />
          </span>
          {scoped ? (
            <ScopeControl environment={whole || pathname.startsWith("/releases/")} projects={whole} />
          ) : (
            <Organization />
          )}
          <span className={styles.grow} />
          <Offline />
          <ViewerButton />
        </header>
        <main id="main" className={styles.main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <ScrollRestoration getKey={scrollKey} />
    </div>
  );
}

/** Said where every page has it; what is shown stays, and goes on by itself. */
function Offline() {
  const online = useOnline();
  return (
    <span role="status" className={styles.offlineHost}>
      {!online && (
        <span
          className={styles.offline}
          data-tip="No network. What is shown may be old; it is brought up to date when the network is back."
        >
          <Icon name="globe" size={14} /> Offline
        </span>
      )}
    </span>
  );
}

function Organization() {
  return <span className={styles.organization}>{useViewer().data?.organization}</span>;
}

function Rail({ collapsed }: { collapsed: boolean }) {
  const [scope] = useScope();
  const toggle = usePreferences((state) => state.toggleRail);
  const { pathname } = useLocation();
  return (
    <nav className={styles.rail} aria-label="Main">
      <div className={styles.railTop}>{collapsed ? <Mark /> : <Wordmark />}</div>
      <ul>
        {places.map((place) => (
          <li key={place.to}>
            <Link
              data-tip={collapsed ? place.text : undefined}
              to={place.to + (place.scoped ? scopeSearch(scope) : "")}
              className={styles.place}
              aria-current={isHere(pathname, place.to) ? "page" : undefined}
            >
              <Icon name={place.icon} size={18} />
              <span>{place.text}</span>
            </Link>
          </li>
        ))}
      </ul>
      {!collapsed && <RailProjects scope={scope} />}
      <IconButton
        className={styles.collapse}
        aria-label={collapsed ? "Expand the sidebar" : "Collapse the sidebar"}
        data-tip={collapsed ? "Expand the sidebar" : "Collapse the sidebar"}
        aria-expanded={!collapsed}
        onClick={toggle}
      >
        <Icon name="rail" />
      </IconButton>
    </nav>
  );
}

/** So many fit beside the rest; further ones are a press away. */
const RAIL_PROJECTS_MAX = 12;

function RailProjects({ scope }: { scope: Scope }) {
  const all = useProjects().data ?? [];
  if (all.length === 0) return null;
  const chosen = scope.projectIds.length === 1 ? scope.projectIds[0] : undefined;
  // What one is looking at is among them, wherever it stands.
  const shown = all.filter((project, index) => index < RAIL_PROJECTS_MAX || project.id === chosen);
  return (
    <div className={styles.railProjects}>
      <h2>Projects</h2>
      <ul>
        {shown.map((project) => (
          <li key={project.id}>
            <Link
              to={`/issues${scopeSearch({ ...scope, environment: "", projectIds: [project.id] })}`}
              className={styles.project}
              data-here={project.id === chosen}
              data-tip={`${project.name}: ${plural(project.unresolvedIssues, "unresolved issue")}, of any time`}
            >
              <span>{project.name}</span>
              {project.unresolvedIssues > 0n && <small>{shortCount(project.unresolvedIssues)}</small>}
            </Link>
          </li>
        ))}
        {shown.length < all.length && (
          <li>
            <Link to="/projects" className={styles.project}>
              All {all.length} projects
            </Link>
          </li>
        )}
      </ul>
    </div>
  );
}

const ViewerMenu = lazyPart("ViewerMenu", async () => (await import("./ViewerMenu")).ViewerMenu);

function ViewerButton() {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [used, setUsed] = useState(false);
  const viewer = useViewer().data;
  return (
    <>
      <IconButton
        aria-label="Account and appearance"
        aria-haspopup="menu"
        onClick={(event) => {
          setUsed(true);
          setAnchor(event.currentTarget);
        }}
      >
        <Avatar member={viewer?.viewer ?? { name: "", email: "" }} size={26} />
      </IconButton>
      {used && (
        <Suspense fallback={null}>
          <ViewerMenu anchor={anchor} close={() => setAnchor(null)} />
        </Suspense>
      )}
    </>
  );
}
