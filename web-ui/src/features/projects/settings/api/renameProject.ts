import { useMutation, useQueryClient } from "@tanstack/react-query";
import { commands } from "@/shared/api/clients";
import { useConsistency } from "@/shared/state/consistency";
import { projectKeys } from "../../keys";

export function useRenameProject(projectId: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ name, platform }: { name: string; platform: string }) =>
      commands.renameProject({ projectId, name, platform }),
    onSuccess: async ({ position }) => {
      useConsistency.getState().advance(position);
      await client.invalidateQueries({ queryKey: projectKeys.all });
    },
  });
}
