import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { PlanKind } from "@/gen/errata/v1/limits_pb";
import { commands } from "@/shared/api/clients";
import { useConsistency } from "@/shared/state/consistency";
import { projectKeys } from "../../keys";

export interface PlanChoice {
  kind: PlanKind;
  /** Of an enterprise plan; else 0. */
  eventsPerHour: bigint;
}

export function useSetPlan(projectId: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (plan: PlanChoice) => commands.setPlan({ projectId, plan }),
    onSuccess: async ({ position }) => {
      useConsistency.getState().advance(position);
      await client.invalidateQueries({ queryKey: projectKeys.one(projectId) });
    },
  });
}
