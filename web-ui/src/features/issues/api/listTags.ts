import { queryOptions, useQuery } from "@tanstack/react-query";
import { issues } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { issueKeys } from "../keys";

export const listTagsQuery = (issueId: string) =>
  queryOptions({
    queryKey: issueKeys.tags(issueId),
    queryFn: async ({ signal }) =>
      (await issues.listTags({ issueId, afterPosition: afterPosition() }, { signal })).tags,
  });

export const useTags = (issueId: string) => useQuery(listTagsQuery(issueId));
