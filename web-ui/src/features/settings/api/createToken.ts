import { useMutation } from "@tanstack/react-query";
import { commands } from "@/shared/api/clients";
import { useConsistency } from "@/shared/state/consistency";

export const useCreateToken = () =>
  useMutation({
    mutationFn: (label: string) => commands.createToken({ label }),
    onSuccess: ({ position }) => useConsistency.getState().advance(position),
  });
