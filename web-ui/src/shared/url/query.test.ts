import { expect, test } from "vitest";
import { eventsLink, withTerm } from "./query";
import { parseScope } from "./scope";

test.each([
  ["", "release:a", "release:a"],
  ["boom", "", "boom"],
  ["boom", "release:a", "boom release:a"],
  ["boom release:a", "release:a", "boom release:a"],
  ["a OR b", "release:a", "(a OR b) release:a"],
  ["ORDER", "release:a", "ORDER release:a"],
  ["level:error level:fatal", "level:error", "level:error level:fatal"],
  ["level:>=error", "level:error", "level:>=error AND level:error"],
  ["x", "a:1 OR a:2", "x (a:1 OR a:2)"],
])("%s with %s is %s", (query, term, expected) => {
  expect(withTerm(query, term)).toBe(expected);
});

test("a list of events carries the scope and the query", () => {
  const scope = parseScope(new URLSearchParams("project=2&range=7d"));
  expect(eventsLink(scope, "user:id:1")).toBe("/events?project=2&range=7d&q=user%3Aid%3A1");
  expect(eventsLink(parseScope(new URLSearchParams()), "")).toBe("/events");
});
