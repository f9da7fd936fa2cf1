import { queryOptions, useQuery } from "@tanstack/react-query";
import { issues } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { issueKeys } from "../keys";

const listSimilarIssuesQuery = (issueId: string) =>
  queryOptions({
    queryKey: issueKeys.similar(issueId),
    queryFn: ({ signal }) => issues.listSimilarIssues({ issueId, afterPosition: afterPosition() }, { signal }),
    // What is alike stays so; only what is merged is asked for anew.
    staleTime: 300_000,
    retry: false,
  });

export const useSimilarIssues = (issueId: string) => useQuery(listSimilarIssuesQuery(issueId));
