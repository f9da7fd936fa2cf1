import { useMutation, useQueryClient } from "@tanstack/react-query";
import { projectSettings } from "@/shared/api/settingsClient";
import { useConsistency } from "@/shared/state/consistency";
import { projectKeys } from "../../../keys";

interface Rules {
  text: string;
  /** The one that was edited: another's work in between is not overwritten. */
  expectedVersion: number;
}

export function useSetGroupingRules(projectId: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (rules: Rules) => projectSettings.setGroupingRules({ projectId, ...rules }),
    onSuccess: async ({ position }) => {
      useConsistency.getState().advance(position);
      await client.invalidateQueries({ queryKey: projectKeys.groupingRules(projectId) });
    },
  });
}
