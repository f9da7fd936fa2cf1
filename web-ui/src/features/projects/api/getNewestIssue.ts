import { queryOptions, useQuery } from "@tanstack/react-query";
import { IssueSort } from "@/gen/errata/v1/issue_pb";
import { issues } from "@/shared/api/clients";
import { projectKeys } from "../keys";

export const getNewestIssueQuery = (projectId: number) =>
  queryOptions({
    queryKey: projectKeys.newest(projectId),
    queryFn: async ({ signal }) =>
      (
        await issues.listIssues(
          { filter: { projectIds: [projectId] }, sort: IssueSort.LAST_SEEN, limit: 1 },
          { signal },
        )
      ).issues[0] ?? null,
    // The issue may become visible a moment after the event is counted.
    refetchInterval: (query) => (query.state.data === null ? 1000 : 5000),
  });

export const useNewestIssue = (projectId: number, enabled: boolean) =>
  useQuery({ ...getNewestIssueQuery(projectId), enabled });
