// What a route's loader is made of: it starts the queries of its page while the code is
// still being fetched, and waits for none of them.
import type { LoaderFunctionArgs } from "react-router";
import { queryClient } from "../api/queryClient";

export type Loader = (args: LoaderFunctionArgs) => null;

export const searchOf = ({ request }: LoaderFunctionArgs): URLSearchParams => new URL(request.url).searchParams;

/** Pages show their skeletons while the answers come, and say what failed. */
export const start = (...queries: Promise<unknown>[]): null => {
  void Promise.allSettled(queries);
  return null;
};

/** A loader whose own code is fetched beside that of its page, not with the first one. */
export const late =
  (load: () => Promise<Loader>): Loader =>
  (args) =>
    start(load().then((loader) => loader(args)));

export const prefetch = queryClient.query.bind(queryClient);
export const prefetchPages = queryClient.infiniteQuery.bind(queryClient);
