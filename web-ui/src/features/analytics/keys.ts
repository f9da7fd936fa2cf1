// Under what the cache has this feature's reads.
import { sharedKeys } from "@/shared/api/keys";
import type { Scope } from "@/shared/url/scope";
import type { StatsAsk } from "./api/queryStats";

const [root] = sharedKeys.dashboard;

export const analyticsKeys = {
  stats: (scope: Scope, ask: StatsAsk) => [root, "stats", scope, ask] as const,
  report: (scope: Scope) => [root, "report", scope] as const,
} as const;
