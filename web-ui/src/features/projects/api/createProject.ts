import { useMutation, useQueryClient } from "@tanstack/react-query";
import { commands } from "@/shared/api/clients";
import { useConsistency } from "@/shared/state/consistency";
import { projectKeys } from "../keys";

export function useCreateProject() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (request: { name: string; platform: string }) => commands.createProject(request),
    onSuccess: async ({ position }) => {
      useConsistency.getState().advance(position);
      await client.invalidateQueries({ queryKey: projectKeys.all });
    },
  });
}
