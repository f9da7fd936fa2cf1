import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Role } from "@/gen/errata/v1/command_pb";
import { commands } from "@/shared/api/clients";
import { useConsistency } from "@/shared/state/consistency";

/** Invites a member; the answer holds the one-time link to set a password. */
export function useCreateUser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ email, name }: { email: string; name: string }) => commands.createUser({ email, name, role: Role.MEMBER }),
    onSuccess: async ({ position }) => {
      useConsistency.getState().advance(position);
      await client.invalidateQueries({ queryKey: ["members"] });
    },
  });
}
