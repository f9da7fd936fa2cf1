import type { MessageInitShape } from "@bufbuild/protobuf";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ScrubbingSchema } from "@/gen/errata/v1/settings_pb";
import { projectSettings } from "@/shared/api/settingsClient";
import { useConsistency } from "@/shared/state/consistency";
import { projectKeys } from "../../keys";

export function useSetScrubbing(projectId: number) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (scrubbing: MessageInitShape<typeof ScrubbingSchema>) =>
      projectSettings.setScrubbing({ projectId, scrubbing }),
    onSuccess: async ({ position }) => {
      useConsistency.getState().advance(position);
      await client.invalidateQueries({ queryKey: projectKeys.settings(projectId) });
    },
  });
}
