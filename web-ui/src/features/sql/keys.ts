// Under what the cache has this feature's reads.
export const sqlKeys = { tables: ["sql", "tables"] } as const;
