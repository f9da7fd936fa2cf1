import { queryOptions, useQuery } from "@tanstack/react-query";
import { answered } from "@/shared/api/http";
import { sqlKeys } from "../keys";

export interface TableColumn {
  name: string;
  type: string;
  about: string;
}

export interface Table {
  name: string;
  about: string;
  columns: TableColumn[];
}

/** They change with a release of the server. */
export const listTablesQuery = () =>
  queryOptions({
    queryKey: sqlKeys.tables,
    queryFn: async ({ signal }): Promise<Table[]> => {
      const answer = await answered("/api/sql", { signal });
      return ((await answer.json()) as { tables: Table[] }).tables;
    },
    staleTime: Infinity,
  });

export const useTables = () => useQuery(listTablesQuery());
