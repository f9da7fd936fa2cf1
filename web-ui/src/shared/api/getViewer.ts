import { queryOptions, useQuery } from "@tanstack/react-query";
import { projects } from "./clients";
import { sharedKeys } from "./keys";

export const getViewerQuery = () =>
  queryOptions({
    queryKey: sharedKeys.viewer,
    queryFn: ({ signal }) => projects.getViewer({}, { signal }),
    staleTime: Infinity,
  });

export const useViewer = () => useQuery(getViewerQuery());
