// Which events a view is about, as the API's statistics take it. The range is that of the
// moment a request is made, so that a figure and the list it opens are of the same time.
import { fromDate } from "../format/time";
import { scopeFromMs, scopeToMs, type Scope } from "../url/scope";

/** Where days begin. */
export const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** From when, and up to when. */
export function scopeTimes(scope: Pick<Scope, "range" | "span">) {
  const toMs = scopeToMs(scope);
  return {
    from: fromDate(new Date(scopeFromMs(scope, Date.now()))),
    ...(toMs === undefined ? {} : { to: fromDate(new Date(toMs)) }),
  };
}

export const eventScope = (scope: Scope, query: string) => ({
  query,
  projectIds: scope.projectIds,
  environment: scope.environment,
  timeZone: TIME_ZONE,
  ...scopeTimes(scope),
});
