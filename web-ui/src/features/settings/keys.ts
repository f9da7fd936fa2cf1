// Under what the cache has this feature's reads.
import { sharedKeys } from "@/shared/api/keys";

export const accountKeys = {
  members: sharedKeys.members,
  viewer: sharedKeys.viewer,
  sessions: ["sessions"],
  /** One's own tokens, or everybody's. */
  tokens: ["tokens"],
  tokensOf: (all: boolean) => ["tokens", all] as const,
  users: ["users"],
} as const;
