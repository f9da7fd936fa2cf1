// Queries of the search language, put together. What they mean, the server knows.
import { scopeSearch, type Scope } from "./scope";

/** Joined by OR, they need parentheses beside more. */
const HAS_OR = /(^|\s)OR(\s|$)/;
/** Two of those side by side add up. */
const ADDS_UP = /^(is|level):/i;

/** What passes the query and the term, too. */
export function withTerm(query: string, term: string): string {
  const [own, more] = [query.trim(), term.trim()];
  if (own === "" || more === "") return own + more;
  if (own.split(/\s+/).includes(more)) return own;
  const left = HAS_OR.test(own) ? `(${own})` : own;
  const right = HAS_OR.test(more) ? `(${more})` : more;
  return ADDS_UP.test(more) ? `${left} AND ${right}` : `${left} ${right}`;
}

/** The list of events that a query finds. */
export const eventsLink = (scope: Scope, query: string, more: Record<string, string> = {}): string =>
  `/events${scopeSearch(scope, query === "" ? more : { q: query, ...more })}`;
