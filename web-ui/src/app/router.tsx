// All routes. Loaders start every query of a page at once, while its code is still
// being fetched; pages are split, so that a reader loads what they open, and so are
// the loaders of pages that are not opened first.
import { createBrowserRouter, redirect } from "react-router";
import { loadEvents, loadIssue, loadIssues } from "@/features/issues/loaders";
import { useWalk } from "@/features/issues/walkState";
import { getViewerQuery } from "@/shared/api/getViewer";
import { listProjectsQuery } from "@/shared/api/listProjects";
import { late, prefetch, start } from "@/shared/load/loader";
import { lazyPage } from "@/shared/load/parts";
import { Frame } from "./Frame";
import { Broken, Lost, Starting } from "./Broken";

export const router = createBrowserRouter([
  {
    path: "/sign-in",
    lazy: lazyPage("SignInPage", async () => (await import("@/features/auth/SignInPage")).SignInPage),
    HydrateFallback: Starting,
    ErrorBoundary: Broken,
  },
  {
    path: "/welcome",
    lazy: lazyPage("WelcomePage", async () => (await import("@/features/auth/WelcomePage")).WelcomePage),
    HydrateFallback: Starting,
    ErrorBoundary: Broken,
  },
  {
    path: "/",
    Component: Frame,
    HydrateFallback: Starting,
    ErrorBoundary: Broken,
    loader: () => start(prefetch(getViewerQuery()), prefetch(listProjectsQuery())),
    // The scope lives in the URL; a change of it need not load the frame again.
    shouldRevalidate: () => false,
    children: [
      {
        // A page that fails does so within the frame.
        ErrorBoundary: Broken,
        children: [
          { index: true, loader: () => redirect("/issues") },
          {
            path: "issues",
            loader: loadIssues,
            lazy: lazyPage("IssuesPage", async () => (await import("@/features/issues/list/IssuesPage")).IssuesPage),
          },
          ...["issues/:issueId", "issues/:issueId/events", "issues/:issueId/events/:eventId"].map((path) => ({
            path,
            loader: loadIssue,
            lazy: lazyPage("IssuePage", async () => {
              // Fetched beside it, not after it.
              if (!path.endsWith("/events")) void import("@/features/issues/detail/Overview").catch(() => undefined);
              return (await import("@/features/issues/detail/IssuePage")).IssuePage;
            }),
          })),
          {
            path: "past/:issueId?",
            lazy: lazyPage("PastPage", async () => (await import("@/features/issues/past/PastPage")).PastPage),
          },
          {
            path: "dashboard",
            loader: late(async () => (await import("@/features/dashboard/loaders")).loadDashboard),
            lazy: lazyPage(
              "DashboardPage",
              async () => (await import("@/features/dashboard/DashboardPage")).DashboardPage,
            ),
          },
          {
            path: "events",
            loader: loadEvents,
            lazy: lazyPage("EventsPage", async () => (await import("@/features/issues/events/EventsPage")).EventsPage),
          },
          {
            path: "analytics",
            loader: late(async () => (await import("@/features/analytics/loaders")).loadAnalytics),
            lazy: lazyPage(
              "AnalyticsPage",
              async () => (await import("@/features/analytics/AnalyticsPage")).AnalyticsPage,
            ),
          },
          {
            path: "releases",
            loader: late(async () => (await import("@/features/releases/loaders")).loadReleases),
            lazy: lazyPage("ReleasesPage", async () => (await import("@/features/releases/ReleasesPage")).ReleasesPage),
          },
          {
            path: "releases/:projectId/:version",
            loader: late(async () => (await import("@/features/releases/loaders")).loadRelease),
            lazy: lazyPage("ReleasePage", async () => (await import("@/features/releases/ReleasePage")).ReleasePage),
          },
          {
            path: "monitors",
            loader: late(async () => (await import("@/features/monitors/loaders")).loadMonitors),
            lazy: lazyPage("MonitorsPage", async () => (await import("@/features/monitors/MonitorsPage")).MonitorsPage),
          },
          {
            path: "monitors/:projectId/:slug",
            loader: late(async () => (await import("@/features/monitors/loaders")).loadMonitor),
            lazy: lazyPage("MonitorPage", async () => (await import("@/features/monitors/MonitorPage")).MonitorPage),
          },
          {
            path: "projects",
            lazy: lazyPage("ProjectsPage", async () => (await import("@/features/projects/ProjectsPage")).ProjectsPage),
          },
          {
            path: "projects/:projectId",
            loader: late(async () => (await import("@/features/projects/loaders")).loadProject),
            lazy: lazyPage("ProjectPage", async () => (await import("@/features/projects/ProjectPage")).ProjectPage),
          },
          {
            path: "projects/:projectId/set-up",
            loader: late(async () => (await import("@/features/projects/loaders")).loadProject),
            lazy: lazyPage("SetUpPage", async () => (await import("@/features/projects/SetUpPage")).SetUpPage),
          },
          {
            path: "projects/:projectId/ingestion",
            loader: late(async () => (await import("@/features/projects/loaders")).loadProject),
            lazy: lazyPage(
              "IngestionPage",
              async () => (await import("@/features/projects/ingestion/IngestionPage")).IngestionPage,
            ),
          },
          {
            path: "projects/:projectId/settings",
            loader: late(async () => (await import("@/features/projects/loaders")).loadProjectSettings),
            lazy: lazyPage(
              "ProjectSettingsPage",
              async () => (await import("@/features/projects/settings/ProjectSettingsPage")).ProjectSettingsPage,
            ),
          },
          {
            path: "sql",
            loader: late(async () => (await import("@/features/sql/loaders")).loadSql),
            lazy: lazyPage("SqlPage", async () => (await import("@/features/sql/SqlPage")).SqlPage),
          },
          {
            path: "alerts",
            loader: late(async () => (await import("@/features/alerts/loaders")).loadAlerts),
            lazy: lazyPage("AlertsPage", async () => (await import("@/features/alerts/AlertsPage")).AlertsPage),
          },
          ...["settings", "settings/:section"].map((path) => ({
            path,
            loader: late(async () => (await import("@/features/settings/loaders")).loadSettings),
            lazy: lazyPage("SettingsPage", async () => (await import("@/features/settings/SettingsPage")).SettingsPage),
          })),
          { path: "*", Component: Lost },
        ],
      },
    ],
  },
]);

// The issue page walks on in the list that was shown last.
const seeList = ({ pathname, search }: { pathname: string; search: string }) => {
  const walk = useWalk.getState();
  // Shown again, a list is walked through as it is now.
  if (pathname === "/issues" && (walk.search !== search || walk.ids.length > 0)) walk.see(search);
};
seeList(router.state.location);
router.subscribe(({ location }) => seeList(location));
