// What would go by rules of a project, as they are written in its settings.
import { useMutation } from "@tanstack/react-query";
import { RetentionSource } from "@/gen/errata/v1/stats_pb";
import { stats } from "@/shared/api/clients";

export function useTryRetention(projectId: number) {
  return useMutation({
    mutationFn: async (rules: string[]) => {
      const ofProject = rules.map((rule) => (/(^|\s)project:/.test(rule) ? rule : `project:${projectId} ${rule}`));
      const plan = await stats.getRetention({ rules: ofProject });
      return plan.rules.filter((rule) => rule.source === RetentionSource.TRIED);
    },
  });
}
