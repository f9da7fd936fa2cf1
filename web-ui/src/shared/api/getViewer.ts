import { queryOptions, useQuery } from "@tanstack/react-query";
import { projects } from "./clients";

export const getViewerQuery = () =>
  queryOptions({
    queryKey: ["viewer"],
    queryFn: ({ signal }) => projects.getViewer({}, { signal }),
    staleTime: Infinity,
  });

export const useViewer = () => useQuery(getViewerQuery());
