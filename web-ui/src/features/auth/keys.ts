// Under what the cache has this feature's reads.
export const authKeys = { link: (secret: string) => ["link", secret] as const } as const;
