// What the pages of this feature read first.
import { type Loader, prefetch, searchOf, start } from "@/shared/load/loader";
import { parseScope } from "@/shared/url/scope";
import { getReleaseQuery } from "./api/getRelease";
import { listReleasesQuery } from "./api/listReleases";

export const loadReleases: Loader = (args) => {
  const search = searchOf(args);
  return start(prefetch(listReleasesQuery(parseScope(search), search.get("q") ?? "", 0)));
};

export const loadRelease: Loader = (args) => {
  const search = searchOf(args);
  const { projectId = "", version = "" } = args.params;
  return start(prefetch(getReleaseQuery(parseScope(search), Number(projectId), version)));
};
