import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useConsistency } from "@/shared/state/consistency";
import { accountKeys } from "../keys";

type Root = "members" | "viewer" | "sessions" | "tokens" | "users";

/** A command about people, sessions or tokens: what it changes is read anew. */
export function useAccountCommand<Given, Answer extends { position: string }>(
  run: (given: Given) => Promise<Answer>,
  ...changed: readonly Root[]
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: async ({ position }) => {
      useConsistency.getState().advance(position);
      await Promise.all(changed.map((key) => client.invalidateQueries({ queryKey: accountKeys[key] })));
    },
  });
}
