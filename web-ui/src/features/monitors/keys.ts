// Under what the cache has this feature's reads.
import { sharedKeys } from "@/shared/api/keys";
import type { Scope } from "@/shared/url/scope";

const [root] = sharedKeys.dashboard;

export const monitorKeys = {
  list: (scope: Scope) => [root, "monitors", scope] as const,
  runs: (projectId: number, slug: string, environment: string) => [root, "runs", projectId, slug, environment] as const,
} as const;
