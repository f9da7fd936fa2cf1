import { useMutation, useQueryClient } from "@tanstack/react-query";
import { projectSettings } from "@/shared/api/settingsClient";
import { useConsistency } from "@/shared/state/consistency";
import { projectKeys } from "../keys";

export function useSetSpikeProtection(projectId: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (isOn: boolean) => projectSettings.setSpikeProtection({ projectId, isOn }),
    onSuccess: async ({ position }) => {
      useConsistency.getState().advance(position);
      await client.invalidateQueries({ queryKey: projectKeys.one(projectId) });
    },
  });
}
