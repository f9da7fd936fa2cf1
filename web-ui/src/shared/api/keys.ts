// Under what the cache has what several features read, and the roots of what each reads
// by itself: a command of one makes the numbers of others old.
export const sharedKeys = {
  viewer: ["viewer"],
  members: ["members"],
  /** All projects; what is known of one lies below. */
  projects: ["projects"],
  /** Lists of issues, and whatever is known of one. */
  issues: ["issues"],
  dashboard: ["dashboard"],
  facets: (projectIds: readonly number[]) => ["facets", projectIds] as const,
} as const;
