import { queryOptions, useQuery } from "@tanstack/react-query";
import { projectSettings } from "@/shared/api/clients";

export const getProjectSettingsQuery = (projectId: number) =>
  queryOptions({
    queryKey: ["projects", projectId, "settings"],
    queryFn: ({ signal }) => projectSettings.getProjectSettings({ projectId }, { signal }),
  });

export const useProjectSettings = (projectId: number) => useQuery(getProjectSettingsQuery(projectId));
