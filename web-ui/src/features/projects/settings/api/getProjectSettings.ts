import { queryOptions, useQuery } from "@tanstack/react-query";
import { projectSettings } from "@/shared/api/settingsClient";
import { projectKeys } from "../../keys";

export const getProjectSettingsQuery = (projectId: number) =>
  queryOptions({
    queryKey: projectKeys.settings(projectId),
    queryFn: ({ signal }) => projectSettings.getProjectSettings({ projectId }, { signal }),
  });

export const useProjectSettings = (projectId: number) => useQuery(getProjectSettingsQuery(projectId));
