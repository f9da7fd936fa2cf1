// Under what the cache has this feature's reads. All of a project lies below `one`.
import { sharedKeys } from "@/shared/api/keys";

const [root] = sharedKeys.projects;

export const projectKeys = {
  all: sharedKeys.projects,
  one: (projectId: number) => [root, projectId] as const,
  /** Over whatever time. */
  arrivals: (projectId: number) => [root, projectId, "arrivals"] as const,
  arrivalsOf: (projectId: number, hours: number) => [root, projectId, "arrivals", hours] as const,
  feedback: (projectId: number) => [root, projectId, "feedback"] as const,
  groupingRules: (projectId: number) => [root, projectId, "grouping-rules"] as const,
  groupingRulesOf: (projectId: number, version: number) => [root, projectId, "grouping-rules", version] as const,
  groupingCheck: (projectId: number, text: string) => [root, projectId, "grouping-check", text] as const,
  keys: (projectId: number) => [root, projectId, "keys"] as const,
  newest: (projectId: number) => [root, projectId, "newest"] as const,
  settings: (projectId: number) => [root, projectId, "settings"] as const,
  spikes: (projectId: number) => [root, projectId, "spikes"] as const,
  usage: (projectId: number, hours: number) => [root, projectId, "usage", hours] as const,
  organizationUsage: [root, "organization", "usage"] as const,
  trial: (projectId: number, trial: unknown) => [root, projectId, "try", trial] as const,
  /** An event stays in its issue. */
  issueOf: (projectId: number, eventId: string) => ["events", "issue-of", projectId, eventId] as const,
} as const;
