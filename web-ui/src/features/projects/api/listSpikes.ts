import { useQuery } from "@tanstack/react-query";
import { projects } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { projectKeys } from "../keys";

/** A spike is told by the minute. */
const POLL_MS = 30_000;

export const useSpikes = (projectId: number) =>
  useQuery({
    queryKey: projectKeys.spikes(projectId),
    queryFn: ({ signal }) => projects.listSpikes({ projectId, afterPosition: afterPosition() }, { signal }),
    refetchInterval: POLL_MS,
  });
