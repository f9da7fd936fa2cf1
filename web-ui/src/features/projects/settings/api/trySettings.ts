import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { projectSettings } from "@/shared/api/settingsClient";
import { type FiltersDraft, type ScrubbingDraft, filtersOf, scrubbingOf } from "../draft";
import { projectKeys } from "../../keys";

export interface Trial {
  text: string;
  path: string;
  scrubbing: ScrubbingDraft;
  filters: FiltersDraft;
}

/** What the server would store of a text under settings that are not saved yet. */
export const trySettingsQuery = (projectId: number, trial: Trial) =>
  queryOptions({
    queryKey: projectKeys.trial(projectId, trial),
    queryFn: ({ signal }) =>
      projectSettings.trySettings(
        {
          projectId,
          text: trial.text,
          path: trial.path,
          scrubbing: scrubbingOf(trial.scrubbing),
          filters: filtersOf(trial.filters),
        },
        { signal },
      ),
    enabled: trial.text.trim() !== "",
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: Infinity,
    // Pasted secrets are not kept longer than they are looked at.
    gcTime: 0,
  });

export const useTrySettings = (projectId: number, trial: Trial) => useQuery(trySettingsQuery(projectId, trial));
