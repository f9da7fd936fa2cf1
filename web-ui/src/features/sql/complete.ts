// What could stand where one types in a query: tables behind FROM and JOIN, else columns of
// the tables that the query names, functions and words of SQL.
import type { Table } from "./api/listTables";

export interface Completion {
  text: string;
  /** "column of events", "table". */
  about: string;
}

/** Of one list. */
const SHOWN_MAX = 8;

const WORDS = [
  "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "JOIN", "LEFT JOIN", "ON", "USING", "AND", "OR",
  "NOT", "IN", "LIKE", "ILIKE", "BETWEEN", "IS NULL", "IS NOT NULL", "AS", "DESC", "ASC", "DISTINCT", "CASE", "WHEN",
  "THEN", "ELSE", "END", "WITH", "UNION ALL", "INTERVAL", "OVER", "PARTITION BY", "EXPLAIN", "DESCRIBE", "SHOW TABLES",
]; // prettier-ignore

const FUNCTIONS = [
  "count(", "sum(", "avg(", "min(", "max(", "approx_distinct(", "approx_percentile_cont(", "date_trunc(", "date_bin(",
  "now()", "coalesce(", "json_text(", "regexp_like(", "regexp_replace(", "split_part(", "lower(", "upper(", "left(",
  "starts_with(", "array_length(", "array_has(", "map_keys(", "row_number()", "round(", "cast(", "extract(",
]; // prettier-ignore

/** Words of SQL that are names of columns, too. */
const QUOTED = new Set(["user"]);
const quoted = (name: string): string => (QUOTED.has(name) ? `"${name}"` : name);

/** What is typed so far before a place: the word, and where it begins. */
export function wordAt(text: string, at: number): { word: string; start: number } {
  const word = /["\w]*$/.exec(text.slice(0, at))?.[0] ?? "";
  return { word, start: at - word.length };
}

/** Whether a place is within a text in quotes or a comment. */
export function isQuiet(text: string, at: number): boolean {
  const before = text.slice(0, at).replace(/--[^\n]*\n/g, "");
  const line = before.slice(before.lastIndexOf("\n") + 1);
  return before.split("'").length % 2 === 0 || line.includes("--");
}

const named = (text: string, tables: readonly Table[]): Table[] =>
  tables.filter(({ name }) => new RegExp(`\\b${name}\\b`, "i").test(text));

export function completionsAt(text: string, at: number, tables: readonly Table[]): Completion[] {
  if (isQuiet(text, at)) return [];
  const { word, start } = wordAt(text, at);
  const before = text.slice(0, start);
  const typed = word.replaceAll('"', "").toLowerCase();
  if (/\b(from|join|describe)\s+$/i.test(before)) {
    return ranked(
      tables.map(({ name }) => ({ text: name, about: "table" })),
      typed,
    );
  }
  const isPart = before.endsWith(".");
  if (typed === "" && !isPart) return [];
  const used = named(text, tables);
  // Whatever they have, before a table is named.
  const of = used.length > 0 ? used : tables;
  const columns = of.flatMap(({ name: table, columns }) =>
    columns.map(({ name, type }) => ({ text: quoted(name), about: `${type}, of ${table}` })),
  );
  if (isPart) return ranked(columns, typed);
  const functions = FUNCTIONS.map((text) => ({ text, about: "function" }));
  const words = WORDS.map((text) => ({ text, about: "" }));
  const names = tables.map(({ name }) => ({ text: name, about: "table" }));
  return ranked([...columns, ...functions, ...words, ...names], typed);
}

/** Those that begin with what is typed before those that hold it; each text once. */
function ranked(all: readonly Completion[], typed: string): Completion[] {
  const plain = ({ text }: Completion) => text.replaceAll('"', "").toLowerCase();
  const begins = all.filter((each) => plain(each).startsWith(typed));
  const holds = all.filter((each) => typed.length > 1 && plain(each).indexOf(typed) > 0);
  const distinct = new Map([...begins, ...holds].map((each) => [each.text, each]));
  // What is there already is no help.
  const found = [...distinct.values()].filter((each) => plain(each) !== typed);
  return found.slice(0, SHOWN_MAX);
}
