import { queryOptions, useQuery } from "@tanstack/react-query";
import { afterPosition } from "@/shared/state/consistency";
import { projects } from "./clients";
import { sharedKeys } from "./keys";

export const listProjectsQuery = () =>
  queryOptions({
    queryKey: sharedKeys.projects,
    queryFn: async ({ signal }) =>
      (await projects.listProjects({ afterPosition: afterPosition() }, { signal })).projects,
  });

export const useProjects = () => useQuery(listProjectsQuery());
