import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { projects } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { projectKeys } from "../keys";

/** The gateway tells drops every 10 s; looking more often shows nothing new. */
const POLL_MS = 10_000;

export const useArrivals = (projectId: number, hours: number) =>
  useQuery({
    queryKey: projectKeys.arrivalsOf(projectId, hours),
    queryFn: ({ signal }) => projects.listArrivals({ projectId, hours, afterPosition: afterPosition() }, { signal }),
    refetchInterval: POLL_MS,
    placeholderData: keepPreviousData,
  });
