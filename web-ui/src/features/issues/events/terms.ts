// Terms that a press added to a query: found again, and taken away.

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
/** The term alone, not a part of a longer one. */
const whole = (term: string): RegExp => new RegExp(`(^|\\s)(?:AND\\s+)?${escaped(term)}(?=\\s|$)`);

export const hasTerm = (query: string, term: string): boolean => term !== "" && whole(term).test(query);

export const withoutTerm = (query: string, term: string): string =>
  query
    .replace(whole(term), "$1")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/^(AND|OR)\s+/, "");
