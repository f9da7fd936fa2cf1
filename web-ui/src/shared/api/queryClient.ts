// The cache of reads. Retries what may heal, never what will answer the same.
import { Code, ConnectError } from "@connectrpc/connect";
import { QueryCache, QueryClient } from "@tanstack/react-query";
import { whenAnswered } from "../load/online";

const FINAL = new Set([
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.NotFound,
  Code.OutOfRange,
  Code.InvalidArgument,
  Code.Unimplemented,
]);
const RETRIES_MAX = 2;

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onSuccess: whenAnswered }),
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      retry: (failures, error) => failures < RETRIES_MAX && !FINAL.has(ConnectError.from(error).code),
      retryDelay: (attempt) => 400 * 2 ** attempt,
    },
  },
});
