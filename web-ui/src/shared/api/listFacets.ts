import { queryOptions, useQuery } from "@tanstack/react-query";
import { issues } from "./clients";

export const listFacetsQuery = (projectIds: number[]) =>
  queryOptions({
    queryKey: ["facets", projectIds],
    queryFn: ({ signal }) => issues.listFacets({ projectIds }, { signal }),
    staleTime: 60_000,
  });

export const useFacets = (projectIds: number[]) => useQuery(listFacetsQuery(projectIds));
