import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { issues } from "@/shared/api/clients";
import { issueKeys } from "../keys";

/** What is being typed, and where. */
export interface Typed {
  text: string;
  /** Characters before the caret. */
  at: number;
}

const completeQueryQuery = ({ text, at }: Typed, projectIds: number[]) =>
  queryOptions({
    queryKey: issueKeys.completions(text, at, projectIds),
    queryFn: ({ signal }) => issues.completeQuery({ text, at, projectIds }, { signal }),
    staleTime: 60_000,
    // What cannot be completed is typed by hand.
    retry: false,
  });

/** Completions of what is being typed; none while nothing is. */
export const useCompletions = (typed: Typed | null, projectIds: number[]) =>
  useQuery({
    ...completeQueryQuery(typed ?? { text: "", at: 0 }, projectIds),
    enabled: typed !== null,
    placeholderData: keepPreviousData,
  });
