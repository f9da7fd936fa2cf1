import { expect, test } from "vitest";
import { safeNext } from "./safeNext";

test.each([
  [null, "/issues"],
  ["", "/issues"],
  ["/issues/0123?range=7d#x", "/issues/0123?range=7d#x"],
  ["https://evil.example/", "/issues"],
  ["//evil.example/", "/issues"],
  ["/\\evil.example/", "/issues"],
  ["/\t/evil.example/", "/issues"],
  ["/.//evil.example/", "/issues"],
  ["/a/..//evil.example/", "/issues"],
  ["/./\\evil.example/", "/issues"],
  ["javascript:alert(1)", "/issues"],
  ["/sign-in?next=/sign-in", "/issues"],
])("next=%s leads to %s", (next, expected) => {
  expect(safeNext(next)).toBe(expected);
});
