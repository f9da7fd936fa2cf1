// What the issues of a list have in common.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { issueKeys } from "../keys";
import type { IssueSearch } from "../list/search";
import { FIRST, filterOf, pinnedFromMs } from "./listIssues";

export const useIssueFacets = (search: IssueSearch, enabled: boolean) =>
  useQuery({
    queryKey: issueKeys.facets({ ...search, sort: "last_seen", ascending: false }),
    queryFn: ({ signal }) =>
      stats.listIssueFacets(
        {
          filter: filterOf(search, pinnedFromMs(search, FIRST, Date.now())),
          limit: 6,
          afterPosition: afterPosition(),
        },
        { signal },
      ),
    placeholderData: keepPreviousData,
    enabled,
  });
