import { useMutation, useQueryClient } from "@tanstack/react-query";
import { commands } from "@/shared/api/clients";
import { useConsistency } from "@/shared/state/consistency";
import { projectKeys } from "../../keys";

export type KeyChange =
  | { kind: "create"; label: string }
  | { kind: "rename"; publicKey: string; label: string }
  | { kind: "limit"; publicKey: string; itemsPerMinute: number }
  | { kind: "enable" | "disable"; publicKey: string };

function run(projectId: number, change: KeyChange): Promise<{ position: string }> {
  switch (change.kind) {
    case "create":
      return commands.createKey({ projectId, label: change.label });
    case "rename":
      return commands.renameKey({ projectId, publicKey: change.publicKey, label: change.label });
    case "limit":
      return commands.setKeyLimit({ projectId, publicKey: change.publicKey, itemsPerMinute: change.itemsPerMinute });
    case "enable":
      return commands.enableKey({ projectId, publicKey: change.publicKey });
    case "disable":
      return commands.disableKey({ projectId, publicKey: change.publicKey });
  }
}

export function useChangeKey(projectId: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: KeyChange) => run(projectId, change),
    onSuccess: async ({ position }) => {
      useConsistency.getState().advance(position);
      await client.invalidateQueries({ queryKey: projectKeys.one(projectId) });
    },
  });
}
