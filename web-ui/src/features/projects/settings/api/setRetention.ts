import { useMutation, useQueryClient } from "@tanstack/react-query";
import { projectSettings } from "@/shared/api/settingsClient";
import { useConsistency } from "@/shared/state/consistency";
import { projectKeys } from "../../keys";

export function useSetRetention(projectId: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (rules: string[]) => projectSettings.setRetention({ projectId, rules }),
    onSuccess: async ({ position }) => {
      useConsistency.getState().advance(position);
      await client.invalidateQueries({ queryKey: projectKeys.settings(projectId) });
    },
  });
}
