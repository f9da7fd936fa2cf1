import { expect, test } from "vitest";
import { highlight } from "./highlight";

const kinds = (line: string, language: string) =>
  highlight(line, language)
    .filter((token) => token.kind !== "plain")
    .map((token) => `${token.kind}:${token.text}`);

test.each([
  ['raise Declined("a # b", 3)  # why', "python", ["keyword:raise", 'string:"a # b"', "number:3", "comment:# why"]],
  ["const n = x // half", "javascript", ["keyword:const", "comment:// half"]],
  ["total // 2", "python", ["number:2"]],
  ["this.#count = `${n}`", "javascript", ["keyword:this", "string:`${n}`"]],
])("%s", (line, language, expected) => {
  expect(kinds(line, language)).toEqual(expected);
});

test("no character is lost, whatever the line", () => {
  for (const line of [
    "",
    "'unclosed",
    '"a\\"b" c',
    "/* x */ y = 1e-9;",
    "#![allow(x)]",
    "x".repeat(5000),
    "größe = 'ü' 🚀",
  ]) {
    for (const language of ["python", "javascript"])
      expect(
        highlight(line, language)
          .map((token) => token.text)
          .join(""),
      ).toBe(line);
  }
});
