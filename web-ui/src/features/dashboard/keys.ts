// Under what the cache has this feature's reads.
import { sharedKeys } from "@/shared/api/keys";
import type { Scope } from "@/shared/url/scope";

const [root] = sharedKeys.dashboard;

export const dashboardKeys = {
  pipeline: [root, "pipeline"],
  summary: (scope: Scope) => [root, "summary", scope] as const,
  issues: (scope: Scope, ranking: string) => [root, "issues", scope, ranking] as const,
  series: (scope: Scope, grouping: string) => [root, "series", scope, grouping] as const,
  arrivals: (projectIds: readonly number[], hours: number) => [root, "arrivals", projectIds, hours] as const,
} as const;
