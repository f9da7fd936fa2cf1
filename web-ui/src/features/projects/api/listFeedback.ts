import { useInfiniteQuery } from "@tanstack/react-query";
import { projects } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { projectKeys } from "../keys";

const PAGE = 20;

/** What people wrote, newest first, page by page. */
export const useProjectFeedback = (projectId: number) =>
  useInfiniteQuery({
    queryKey: projectKeys.feedback(projectId),
    queryFn: ({ signal, pageParam }) =>
      projects.listFeedback({ projectId, limit: PAGE, cursor: pageParam, afterPosition: afterPosition() }, { signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.nextCursor || undefined,
  });
