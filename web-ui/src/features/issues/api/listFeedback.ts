import { queryOptions, useQuery } from "@tanstack/react-query";
import { projects } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { issueKeys } from "../keys";

/** What people wrote about events of an issue, newest first. */
export const listIssueFeedbackQuery = (issueId: string) =>
  queryOptions({
    queryKey: issueKeys.feedback(issueId),
    queryFn: ({ signal }) => projects.listFeedback({ issueId, limit: 50, afterPosition: afterPosition() }, { signal }),
  });

export const useIssueFeedback = (issueId: string) => useQuery(listIssueFeedbackQuery(issueId));
