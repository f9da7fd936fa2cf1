// The scope as the dashboard's requests take it. The range is that of the moment a
// request is made, so that a figure and the list it opens are of the same time.
import { fromDate } from "@/shared/format/time";
import { scopeFromMs, scopeToMs, type Scope } from "@/shared/url/scope";

export const REFETCH_MS = 30_000;

export function scoped(scope: Scope) {
  const toMs = scopeToMs(scope);
  return {
    projectIds: scope.projectIds,
    environment: scope.environment,
    from: fromDate(new Date(scopeFromMs(scope, Date.now()))),
    ...(toMs === undefined ? {} : { to: fromDate(new Date(toMs)) }),
  };
}
