import { queryOptions, useQuery } from "@tanstack/react-query";
import { events } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { issueKeys } from "../keys";

const whyApartQuery = (firstEventId: string, secondEventId: string) =>
  queryOptions({
    queryKey: issueKeys.apart(firstEventId, secondEventId),
    queryFn: ({ signal }) =>
      events.whyApart({ firstEventId, secondEventId, afterPosition: afterPosition() }, { signal }),
    // One of the two may be mistyped: that is not to be asked again and again.
    retry: false,
  });

export const useWhyApart = (firstEventId: string, secondEventId: string) =>
  useQuery(whyApartQuery(firstEventId, secondEventId));
