import { describe, expect, test } from "vitest";
import { charactersBefore, completed, mended, split } from "./queryText";

describe("places in a query", () => {
  test.each([
    ["is:unresolvd", 3, 9, ["is:", "unresolvd", ""]],
    ["😀 is:x y", 5, 1, ["😀 is:", "x", " y"]],
    ["a OR ", 5, 0, ["a OR ", "", ""]],
    ["a", 7, 3, ["a", "", ""]],
  ])("%s at %d is marked", (text, offset, length, [before, marked, after]) => {
    expect(split(text, { offset, length })).toEqual({ before, marked, after });
  });

  test("what was meant stands where it was", () => {
    expect(mended("ä is:unresolvd cart", { offset: 5, length: 9, suggestion: "unresolved" })).toBe(
      "ä is:unresolved cart",
    );
  });

  test.each([
    ["lev", 0, 3, "level:", "level:", 6],
    ["level:er cart", 6, 2, "error", "level:error cart", 11],
    ["level:er", 6, 2, "error", "level:error ", 12],
    ["a (rele", 3, 4, "release:", "a (release:", 11],
  ])("%s is completed", (text, offset, length, completion, expected, caret) => {
    expect(completed(text, { offset, length }, completion)).toEqual({ text: expected, caret });
  });

  test("characters are counted as the server counts them", () => {
    expect(charactersBefore("😀ab", 3)).toBe(2);
  });
});
