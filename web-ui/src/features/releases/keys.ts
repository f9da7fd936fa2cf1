// Under what the cache has this feature's reads.
import { sharedKeys } from "@/shared/api/keys";
import type { Scope } from "@/shared/url/scope";

const [root] = sharedKeys.dashboard;

export const releaseKeys = {
  list: (scope: Scope, text: string, page: number) => [root, "releases", scope, text, page] as const,
  one: (scope: Scope, projectId: number, version: string) => [root, "release", scope, projectId, version] as const,
  events: (scope: Scope, query: string) => [root, "releaseEvents", scope, query] as const,
} as const;
