import { useMutation } from "@tanstack/react-query";
import { commands } from "@/shared/api/clients";
import { useConsistency } from "@/shared/state/consistency";

export const useRevokeToken = () =>
  useMutation({
    mutationFn: (tokenId: number) => commands.revokeToken({ tokenId }),
    onSuccess: ({ position }) => useConsistency.getState().advance(position),
  });
