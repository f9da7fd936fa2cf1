import { expect, test } from "vitest";
import { lineOf, mended } from "./place";

test("a place is found behind emoji and lines", () => {
  const text = "SELECT '😀',\n  titel";
  const place = { offset: 14, length: 5, suggestion: "title" };
  const at = lineOf(text, place);
  expect(at).toMatchObject({ line: 2, column: 3 });
  expect(text.slice(at.start, at.end)).toBe("titel");
  expect(mended(text, place)).toBe("SELECT '😀',\n  title");
});
