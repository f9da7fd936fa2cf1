// What the dashboard reads first.
import { type Loader, prefetch, searchOf, start } from "@/shared/load/loader";
import { parseScope } from "@/shared/url/scope";
import { getSummaryQuery } from "./api/getSummary";
import { getTimeSeriesQuery } from "./api/getTimeSeries";
import { listIssuesQuery } from "./api/listIssues";

export const loadDashboard: Loader = (args) => {
  const scope = parseScope(searchOf(args));
  return start(
    prefetch(getSummaryQuery(scope)),
    prefetch(getTimeSeriesQuery(scope, "state")),
    prefetch(listIssuesQuery(scope, "most")),
    prefetch(listIssuesQuery(scope, "new")),
  );
};
