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

/** What is turned away is counted, but nothing happens to the issue that a stream would tell. */
const TURNED_AWAY_POLL_MS = 5000;

export const useIssue = (issueId: string, rangeS: number) =>
  useQuery({
    ...getIssueQuery(issueId, rangeS),
    refetchInterval: ({ state }) => (state.data?.issue?.isDiscarded ? TURNED_AWAY_POLL_MS : false),
  });
