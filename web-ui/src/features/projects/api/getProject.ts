import { queryOptions, useQuery } from "@tanstack/react-query";
import { projects } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { projectKeys } from "../keys";

/** While nothing has arrived, look this often. */
const WAITING_POLL_MS = 2000;

export const getProjectQuery = (projectId: number) =>
  queryOptions({
    queryKey: projectKeys.one(projectId),
    queryFn: ({ signal }) => projects.getProject({ projectId, afterPosition: afterPosition() }, { signal }),
    refetchInterval: (query) => (query.state.data?.project?.events === 0n ? WAITING_POLL_MS : false),
  });

export const useProject = (projectId: number) => useQuery(getProjectQuery(projectId));
