// Rail on the left (a bar at the bottom on phones), scope on top, the page.
import IconButton from "@mui/material/IconButton";
import LinearProgress from "@mui/material/LinearProgress";
import ListSubheader from "@mui/material/ListSubheader";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import Tooltip from "@mui/material/Tooltip";
import { useState } from "react";
import { NavLink, Outlet, ScrollRestoration, useLocation, useNavigate, useNavigation } from "react-router";
import { useViewer } from "@/shared/api/getViewer";
import { useProjects } from "@/shared/api/listProjects";
import { postJson } from "@/shared/api/http";
import { queryClient } from "@/shared/api/queryClient";
import { memberName } from "@/shared/format/issue";
import { type SchemePreference, usePreferences } from "@/shared/state/preferences";
import { useNotices } from "@/shared/state/notices";
import { Avatar } from "@/shared/ui/bits";
import { Icon, type IconName } from "@/shared/ui/Icon";
import { Mark, Wordmark } from "@/shared/ui/Wordmark";
import { scopeSearch, useScope } from "@/shared/url/scope";
import { ScopeControl } from "./ScopeControl";
import styles from "./frame.module.css";

const places: readonly { to: string; icon: IconName; text: string }[] = [
  { to: "/issues", icon: "issues", text: "Issues" },
  { to: "/dashboard", icon: "dashboard", text: "Dashboard" },
  { to: "/projects", icon: "projects", text: "Projects" },
  { to: "/settings", icon: "settings", text: "Settings" },
];

export function Frame() {
  const collapsed = usePreferences((state) => state.railCollapsed);
  const busy = useNavigation().state === "loading";
  const { pathname } = useLocation();
  const scoped = pathname.startsWith("/issues") || pathname === "/dashboard";
  return (
    <div className={styles.frame} data-collapsed={collapsed}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      <Rail collapsed={collapsed} />
      <div className={styles.body}>
        {busy && <LinearProgress className={styles.progress} aria-label="Loading the page" />}
        <header className={styles.top}>
          <span className={styles.phoneMark}>
            <Mark />
          </span>
          {scoped ? <ScopeControl environment={pathname === "/issues"} projects={pathname === "/issues" || pathname === "/dashboard"} /> : <Organization />}
          <span className={styles.grow} />
          <ViewerMenu />
        </header>
        <main id="main" className={styles.main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <ScrollRestoration />
    </div>
  );
}

function Organization() {
  return <span className={styles.organization}>{useViewer().data?.organization}</span>;
}

function Rail({ collapsed }: { collapsed: boolean }) {
  const [scope] = useScope();
  const toggle = usePreferences((state) => state.toggleRail);
  const projects = useProjects();
  return (
    <nav className={styles.rail} aria-label="Main">
      <div className={styles.railTop}>{collapsed ? <Mark /> : <Wordmark />}</div>
      <ul>
        {places.map((place) => (
          <li key={place.to}>
            <Tooltip title={collapsed ? place.text : ""} placement="right">
              <NavLink to={place.to + (place.to === "/issues" || place.to === "/dashboard" ? scopeSearch({ ...scope, environment: place.to === "/issues" ? scope.environment : "" }) : "")} className={({ isActive }) => `${styles.place ?? ""} ${isActive ? (styles.here ?? "") : ""}`}>
                <Icon name={place.icon} size={18} />
                <span>{place.text}</span>
              </NavLink>
            </Tooltip>
          </li>
        ))}
      </ul>
      {!collapsed && (projects.data?.length ?? 0) > 0 && (
        <div className={styles.railProjects}>
          <h2>Projects</h2>
          <ul>
            {projects.data?.slice(0, 12).map((project) => (
              <li key={project.id}>
                <NavLink to={`/issues?project=${project.id}`} className={() => `${styles.project ?? ""} ${scope.projectIds.length === 1 && scope.projectIds[0] === project.id ? (styles.here ?? "") : ""}`}>
                  <span>{project.name}</span>
                  {project.unresolvedIssues > 0n && <small>{String(project.unresolvedIssues)}</small>}
                </NavLink>
              </li>
            ))}
          </ul>
        </div>
      )}
      <Tooltip title={collapsed ? "Widen the rail" : "Collapse the rail"} placement="right">
        <IconButton className={styles.collapse} aria-label={collapsed ? "Widen the rail" : "Collapse the rail"} aria-expanded={!collapsed} onClick={toggle}>
          <Icon name="rail" />
        </IconButton>
      </Tooltip>
    </nav>
  );
}

const schemes: readonly (readonly [SchemePreference, string, IconName])[] = [
  ["system", "As the system", "settings"],
  ["light", "Light", "sun"],
  ["dark", "Dark", "moon"],
];

function ViewerMenu() {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const viewer = useViewer().data;
  const { scheme, setScheme } = usePreferences();
  const navigate = useNavigate();
  const show = useNotices((state) => state.show);
  const signOut = async () => {
    try {
      await postJson("/auth/sign-out", {});
      queryClient.clear();
      await navigate("/sign-in");
    } catch (cause) {
      show(cause instanceof Error ? cause.message : "Could not sign out");
    }
  };
  const close = () => setAnchor(null);
  return (
    <>
      <IconButton aria-label="Account and appearance" aria-haspopup="menu" onClick={(event) => setAnchor(event.currentTarget)}>
        <Avatar member={viewer?.viewer ?? { name: "", email: "" }} size={26} />
      </IconButton>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={close}>
        {viewer?.viewer && <ListSubheader sx={{ lineHeight: "18px", padding: "6px 10px 8px", background: "none", position: "static", fontWeight: 400 }}><b style={{ display: "block", color: "var(--ink)" }}>{memberName(viewer.viewer)}</b>{viewer.organization}</ListSubheader>}
        {schemes.map(([value, text, icon]) => (
          <MenuItem key={value} selected={value === scheme} onClick={() => (setScheme(value), close())}>
            <Icon name={icon} />
            {text}
          </MenuItem>
        ))}
        <MenuItem onClick={() => (close(), void signOut())} sx={{ marginTop: "5px", "&::before": { content: '""', position: "absolute", left: 0, right: 0, top: "-3px", borderTop: "1px solid var(--line)" } }}>
          <Icon name="signOut" />
          Sign out
        </MenuItem>
      </Menu>
    </>
  );
}
