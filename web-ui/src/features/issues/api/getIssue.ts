import { queryOptions, useQuery } from "@tanstack/react-query";
import { issues } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { issueKeys } from "../keys";

export const getIssueQuery = (issueId: string, rangeS: number) =>
  queryOptions({
    queryKey: issueKeys.one(issueId, rangeS),
    queryFn: ({ signal }) =>
      issues.getIssue({ issueId, afterPosition: afterPosition(), statsRangeS: rangeS }, { signal }),
  });

export const useIssue = (issueId: string, rangeS: number) => useQuery(getIssueQuery(issueId, rangeS));
