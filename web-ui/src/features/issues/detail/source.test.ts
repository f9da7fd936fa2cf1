import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type FrameDetail, FrameDetailSchema } from "@/gen/errata/v1/event_read_pb";
import { highlight, splitAt } from "./highlight";
import { isMinified, minifiedNote, sourceLines } from "./source";

type Init = Partial<Omit<FrameDetail, "$typeName" | "$unknown">>;
const frame = (init: Init) => create(FrameDetailSchema, { lineno: 1, ...init });
const whole = { column: null, before: 0, after: 0 };

test("lines are numbered from the first and lose the indentation they share", () => {
  const lines = sourceLines(
    frame({ lineno: 12, preContext: ["    if x:", ""], contextLine: "\tfail()", postContext: ["        y"] }),
  );
  expect(lines).toEqual([
    { number: 10, text: "if x:", failing: false, ...whole },
    { number: 11, text: "", failing: false, ...whole },
    { number: 12, text: "fail()", failing: true, ...whole },
    { number: 13, text: "    y", failing: false, ...whole },
  ]);
});

describe("the column", () => {
  /** What stands at the column of the failing line. */
  const placeOf = (init: Init) => {
    const line = sourceLines(frame(init)).find((each) => each.failing);
    if (!line || line.column === null) return null;
    const { tokens, at } = splitAt(highlight(line.text, "javascript"), line.column);
    return tokens[at]?.text;
  };
  const long = `${"var a=1;".repeat(1900)}HERE(x);${"var b=2;".repeat(1900)}`;

  test.each<[string, Init, string | null]>([
    ["in a short line", { contextLine: "  return answer.items.map(f)", colno: 23 }, "map"],
    ["behind tabs", { contextLine: "\t\tfail(x)", preContext: ["\trun()"], colno: 3 }, "fail"],
    ["far inside a line of 30,000 characters", { contextLine: long, colno: 8 * 1900 + 1 }, "HERE"],
    ["at the end of a long line", { contextLine: `${"x=1;".repeat(9000)}END`, colno: 36_001 }, "END"],
    ["unknown", { contextLine: "fail(x)" }, null],
    ["outside of the line", { contextLine: "fail(x)", colno: 700 }, null],
    [
      "of a line that the SDK has cut on both sides",
      { contextLine: `'{snip} ${"a".repeat(58)};HERE(b);${"c".repeat(70)} {snip}`, colno: 15_222 },
      "HERE",
    ],
    ["of a line that the SDK has cut before it", { contextLine: `{snip} ${"a".repeat(139)}b`, colno: 15_222 }, null],
  ])("%s", (_, init, expected) => {
    expect(placeOf(init)).toBe(expected);
  });

  test("of a line that the server has cut", () => {
    const at = Object.assign(
      frame({ contextLine: `…${"x".repeat(400)};HERE(b);${"y".repeat(300)}…`, colno: 9_000 + 402 }),
      { contextStart: 9_000 },
    );
    const line = sourceLines(at).find((each) => each.failing);
    const { tokens, at: index } = splitAt(highlight(line?.text ?? "", "javascript"), line?.column ?? -1);
    expect(tokens[index]?.text).toBe("HERE");
  });

  test("a long line is cut around it, and says how much is left out", () => {
    const [line] = sourceLines(frame({ contextLine: long, colno: 8 * 1900 + 1 }));
    expect(line?.text).toHaveLength(300);
    expect((line?.before ?? 0) + (line?.text.length ?? 0) + (line?.after ?? 0)).toBe(long.length);
  });
});

describe("minified code", () => {
  test.each<[Init, boolean]>([
    [{ contextLine: "{snip} a=b(c,d) {snip}", colno: 15222 }, true],
    [{ contextLine: "a".repeat(500), colno: 12 }, true],
    [{ filename: "assets/index-3f9a1c.js", colno: 4198314, lineno: 2 }, true],
    [{ filename: "jquery.min.js", colno: 12 }, true],
    [{ contextLine: "  return price * 2;", colno: 10 }, false],
    [{ filename: "src/cart.ts", colno: 17 }, false],
  ])("%o: %s", (init, expected) => {
    expect(isMinified(frame(init), "javascript")).toBe(expected);
    expect(isMinified(frame(init), "python")).toBe(false);
  });

  const at = (filename: string) => frame({ filename, colno: 9000, lineno: 1, inApp: true });
  test.each([
    [["https://cdn.example/assets/index-3f9a1c.js?v=2"], "Minified, no source map for index-3f9a1c.js"],
    [["a.js", "b.js"], "Minified, no source map for b.js and a.js"],
    [["a.js", "b.js", "c.js", "c.js"], "Minified, no source map for c.js and 2 other files"],
  ])("%o is one line", (files, expected) => {
    const frames = files.map(at);
    expect(minifiedNote(frames, frames.length - 1, "javascript")).toBe(expected);
  });

  test("a failing frame that can be read needs no line", () => {
    expect(
      minifiedNote([at("a.js"), frame({ filename: "src/cart.ts", lineno: 3, colno: 5, inApp: true })], 1, "javascript"),
    ).toBe("");
  });
});

test("words written from the right keep their places between the others", () => {
  const tokens = highlight("total = السعر + الضريبة", "javascript");
  expect(tokens.map((token) => token.text)).toEqual(["total", " ", "=", " ", "السعر", " ", "+", " ", "الضريبة"]);
});
