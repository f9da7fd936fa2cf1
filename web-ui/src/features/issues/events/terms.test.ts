import { expect, test } from "vitest";
import { hasTerm, withoutTerm } from "./terms";

test.each([
  ["release:a", "release:a", true, ""],
  ["boom release:a level:error", "release:a", true, "boom level:error"],
  ["boom AND level:error", "level:error", true, "boom"],
  ["release:ab", "release:a", false, "release:ab"],
  ["!release:a", "release:a", false, "!release:a"],
  ['browser:"b*1" x', 'browser:"b*1"', true, "x"],
  ["", "release:a", false, ""],
])("of %s", (query, term, has, without) => {
  expect(hasTerm(query, term)).toBe(has);
  expect(withoutTerm(query, term)).toBe(without);
});
