// Under what the cache has this feature's reads.
export const alertKeys = { deliveries: ["deliveries"] } as const;
