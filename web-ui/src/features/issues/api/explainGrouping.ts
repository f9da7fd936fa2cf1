import { queryOptions, useQuery } from "@tanstack/react-query";
import { events } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { issueKeys } from "../keys";

const explainGroupingQuery = (eventId: string) =>
  queryOptions({
    queryKey: issueKeys.grouping(eventId),
    queryFn: async ({ signal }) =>
      (await events.explainGrouping({ eventId, afterPosition: afterPosition() }, { signal })).explanation,
  });

/** Fetched once somebody asks why. */
export const useGrouping = (eventId: string, asked: boolean) =>
  useQuery({ ...explainGroupingQuery(eventId), enabled: asked });
