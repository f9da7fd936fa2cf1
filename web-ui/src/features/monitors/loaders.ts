// What the pages of this feature read first.
import { type Loader, prefetch, prefetchPages, searchOf, start } from "@/shared/load/loader";
import { parseScope } from "@/shared/url/scope";
import { listCheckInsQuery } from "./api/listCheckIns";
import { listMonitorsQuery } from "./api/listMonitors";

export const loadMonitors: Loader = (args) => start(prefetch(listMonitorsQuery(parseScope(searchOf(args)))));

export const loadMonitor: Loader = (args) => {
  const { projectId = "", slug = "" } = args.params;
  const environment = searchOf(args).get("in") ?? "";
  return start(prefetchPages(listCheckInsQuery(Number(projectId), slug, environment)));
};
