import { queryOptions, useQuery } from "@tanstack/react-query";
import { afterPosition } from "@/shared/state/consistency";
import { projects } from "./clients";

export const listProjectsQuery = () =>
  queryOptions({
    queryKey: ["projects"],
    queryFn: async ({ signal }) =>
      (await projects.listProjects({ afterPosition: afterPosition() }, { signal })).projects,
  });

export const useProjects = () => useQuery(listProjectsQuery());
