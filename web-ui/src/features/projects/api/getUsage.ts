import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { projects } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { projectKeys } from "../keys";

/** The gateway tells what it turned away every 10 s; looking more often shows nothing new. */
const POLL_MS = 10_000;

export const useUsage = (projectId: number, hours: number) =>
  useQuery({
    queryKey: projectKeys.usage(projectId, hours),
    queryFn: ({ signal }) => projects.getUsage({ projectId, hours, afterPosition: afterPosition() }, { signal }),
    refetchInterval: POLL_MS,
    placeholderData: keepPreviousData,
  });

/** Of the organisation; owners alone may ask. */
export const useOrganizationUsage = (isOwner: boolean) =>
  useQuery({
    queryKey: projectKeys.organizationUsage,
    queryFn: ({ signal }) => projects.getOrganizationUsage({ hours: 1, afterPosition: afterPosition() }, { signal }),
    refetchInterval: POLL_MS,
    enabled: isOwner,
  });
