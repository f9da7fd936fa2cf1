// All routes. Loaders start every query of a page at once, while its code is still
// being fetched; pages are split, so that a reader loads what they open.
import { createBrowserRouter, redirect, type LoaderFunctionArgs } from "react-router";
import { listDeliveriesQuery } from "@/features/alerts/api/listDeliveries";
import { getSummaryQuery } from "@/features/dashboard/api/getSummary";
import { getTimeSeriesQuery } from "@/features/dashboard/api/getTimeSeries";
import { listIssuesQuery as listRankingQuery } from "@/features/dashboard/api/listIssues";
import { getEventQuery } from "@/features/issues/api/getEvent";
import { getIssueQuery } from "@/features/issues/api/getIssue";
import { listActivityQuery } from "@/features/issues/api/listActivity";
import { listIssuesQuery } from "@/features/issues/api/listIssues";
import { listTagsQuery } from "@/features/issues/api/listTags";
import { useWalk } from "@/features/issues/walkState";
import { parseSearch } from "@/features/issues/list/search";
import { getProjectQuery } from "@/features/projects/api/getProject";
import { getProjectSettingsQuery } from "@/features/projects/settings/api/getProjectSettings";
import { getViewerQuery } from "@/shared/api/getViewer";
import { listFacetsQuery } from "@/shared/api/listFacets";
import { listMembersQuery } from "@/shared/api/listMembers";
import { listProjectsQuery } from "@/shared/api/listProjects";
import { queryClient } from "@/shared/api/queryClient";
import { lazyPage } from "@/shared/load/parts";
import { parseScope, rangeSeconds } from "@/shared/url/scope";
import { Frame } from "./Frame";
import { Broken, Lost, Starting } from "./Broken";

const paramsOf = ({ request }: LoaderFunctionArgs) => new URL(request.url).searchParams;

// Nothing here is awaited: pages show their skeletons while the answers come.
const start = (...queries: Promise<unknown>[]) => {
  void Promise.allSettled(queries);
  return null;
};
const prefetch = queryClient.query.bind(queryClient);

export const router = createBrowserRouter([
  { path: "/sign-in", lazy: lazyPage("SignInPage", async () => (await import("@/features/auth/SignInPage")).SignInPage), HydrateFallback: Starting, ErrorBoundary: Broken },
  { path: "/welcome", lazy: lazyPage("WelcomePage", async () => (await import("@/features/auth/WelcomePage")).WelcomePage), HydrateFallback: Starting, ErrorBoundary: Broken },
  {
    path: "/",
    Component: Frame,
    HydrateFallback: Starting,
    ErrorBoundary: Broken,
    loader: () => start(prefetch(getViewerQuery()), prefetch(listProjectsQuery())),
    // The scope lives in the URL; a change of it need not load the frame again.
    shouldRevalidate: () => false,
    children: [
      { index: true, loader: () => redirect("/issues") },
      {
        path: "issues",
        ErrorBoundary: Broken,
        loader: (args) => {
          const search = parseSearch(paramsOf(args));
          return start(queryClient.infiniteQuery(listIssuesQuery(search)), prefetch(listMembersQuery()), prefetch(listFacetsQuery(search.projectIds)));
        },
        lazy: lazyPage("IssuesPage", async () => (await import("@/features/issues/list/IssuesPage")).IssuesPage),
      },
      ...["issues/:issueId", "issues/:issueId/events", "issues/:issueId/events/:eventId"].map((path) => ({
        path,
        ErrorBoundary: Broken,
        loader: (args: LoaderFunctionArgs) => {
          const { issueId = "", eventId = "latest" } = args.params;
          const rangeS = rangeSeconds(parseScope(paramsOf(args)).range);
          return start(
            prefetch(getIssueQuery(issueId, rangeS)),
            prefetch(getEventQuery(issueId, eventId)),
            prefetch(listActivityQuery(issueId)),
            prefetch(listTagsQuery(issueId)),
            prefetch(listMembersQuery()),
          );
        },
        lazy: lazyPage("IssuePage", async () => {
          // Fetched beside it, not after it.
          if (!path.endsWith("/events")) void import("@/features/issues/detail/Overview").catch(() => undefined);
          return (await import("@/features/issues/detail/IssuePage")).IssuePage;
        }),
      })),
      {
        path: "dashboard",
        ErrorBoundary: Broken,
        loader: (args) => {
          const scope = parseScope(paramsOf(args));
          return start(
            prefetch(getSummaryQuery(scope)),
            prefetch(getTimeSeriesQuery(scope, "state")),
            prefetch(listRankingQuery(scope, "most")),
            prefetch(listRankingQuery(scope, "new")),
          );
        },
        lazy: lazyPage("DashboardPage", async () => (await import("@/features/dashboard/DashboardPage")).DashboardPage),
      },
      { path: "projects", ErrorBoundary: Broken, lazy: lazyPage("ProjectsPage", async () => (await import("@/features/projects/ProjectsPage")).ProjectsPage) },
      {
        path: "projects/:projectId",
        ErrorBoundary: Broken,
        loader: ({ params }) => start(prefetch(getProjectQuery(Number(params["projectId"])))),
        lazy: lazyPage("ProjectPage", async () => (await import("@/features/projects/ProjectPage")).ProjectPage),
      },
      {
        path: "projects/:projectId/set-up",
        ErrorBoundary: Broken,
        loader: ({ params }) => start(prefetch(getProjectQuery(Number(params["projectId"])))),
        lazy: lazyPage("SetUpPage", async () => (await import("@/features/projects/SetUpPage")).SetUpPage),
      },
      {
        path: "projects/:projectId/ingestion",
        ErrorBoundary: Broken,
        loader: ({ params }) => start(prefetch(getProjectQuery(Number(params["projectId"])))),
        lazy: lazyPage("IngestionPage", async () => (await import("@/features/projects/ingestion/IngestionPage")).IngestionPage),
      },
      {
        path: "projects/:projectId/settings",
        ErrorBoundary: Broken,
        loader: ({ params }) => {
          const projectId = Number(params["projectId"]);
          return start(prefetch(getProjectQuery(projectId)), prefetch(getProjectSettingsQuery(projectId)));
        },
        lazy: lazyPage("ProjectSettingsPage", async () => (await import("@/features/projects/settings/ProjectSettingsPage")).ProjectSettingsPage),
      },
      {
        path: "alerts",
        ErrorBoundary: Broken,
        loader: () => start(prefetch(listDeliveriesQuery()), prefetch(listMembersQuery())),
        lazy: lazyPage("AlertsPage", async () => (await import("@/features/alerts/AlertsPage")).AlertsPage),
      },
      ...["settings", "settings/:section"].map((path) => ({
        path,
        ErrorBoundary: Broken,
        loader: () => start(prefetch(listMembersQuery())),
        lazy: lazyPage("SettingsPage", async () => (await import("@/features/settings/SettingsPage")).SettingsPage),
      })),
      { path: "*", Component: Lost },
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
