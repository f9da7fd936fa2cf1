// What the analytics page reads first.
import { type Loader, prefetch, searchOf, start } from "@/shared/load/loader";
import { parseScope } from "@/shared/url/scope";
import { getReportQuery } from "./api/getReport";
import { queryStatsQuery } from "./api/queryStats";
import { exploreAsk } from "./asks";
import { parseView } from "./view";

export const loadAnalytics: Loader = (args) => {
  const search = searchOf(args);
  const scope = parseScope(search);
  return start(prefetch(getReportQuery(scope)), prefetch(queryStatsQuery(scope, exploreAsk(parseView(search)))));
};
