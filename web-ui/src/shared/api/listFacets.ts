import { queryOptions, useQuery } from "@tanstack/react-query";
import { issues } from "./clients";
import { sharedKeys } from "./keys";

export const listFacetsQuery = (projectIds: number[]) =>
  queryOptions({
    queryKey: sharedKeys.facets(projectIds),
    queryFn: ({ signal }) => issues.listFacets({ projectIds }, { signal }),
    staleTime: 60_000,
  });

export const useFacets = (projectIds: number[]) => useQuery(listFacetsQuery(projectIds));
