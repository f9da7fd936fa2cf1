import { describe, expect, test } from "vitest";
import { RuleTokenKind } from "@/gen/errata/v1/grouping_pb";
import { highlighted, offsetOf, piecesOf } from "./highlight";

const token = (line: number, column: number, length: number, kind: RuleTokenKind) => ({ line, column, length, kind });

describe("lines of rules", () => {
  const text = "😀type:x -> y\n\n# why";
  const tokens = [
    token(1, 2, 5, RuleTokenKind.MATCHER),
    token(1, 7, 1, RuleTokenKind.PATTERN),
    token(1, 9, 2, RuleTokenKind.SIGN),
    token(3, 1, 5, RuleTokenKind.COMMENT),
  ];
  const told = piecesOf({ text, tokens });
  const linesOf = (now: string, pieces = told) =>
    now.split("\n").map((line, index) => highlighted(line, index, pieces));
  const shown = (now: string) => linesOf(now).map((line) => line.map((run) => `${run.kind}(${run.text})`).join(" "));

  test.each([
    ["as they were told", text, ["(😀) matcher(type:) pattern(x) ( ) sign(->) ( y)", "", "comment(# why)"]],
    ["changed since", "😀type:x -> z\n\n# why", ["(😀type:x -> z)", "", "comment(# why)"]],
    ["with one before", "new\n# why", ["(new)", "(# why)"]],
    ["none", "", [""]],
  ])("%s", (_, now, expected) => {
    expect(shown(now)).toEqual(expected);
    const untold = linesOf(now, piecesOf(undefined));
    expect(untold.flatMap((line) => line.map((run) => run.kind))).not.toContain("comment");
  });

  test("all of a text is shown", () => {
    expect(
      linesOf(text)
        .map((line) => line.map((run) => run.text).join(""))
        .join("\n"),
    ).toBe(text);
  });

  test.each([
    [1, 1, 0],
    [1, 2, 2],
    [2, 1, 14],
    [3, 3, 17],
  ])("line %i, column %i", (line, column, offset) => {
    expect(offsetOf(text.split("\n"), line, column)).toBe(offset);
  });
});
