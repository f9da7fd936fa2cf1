import { describe, expect, test } from "vitest";
import { bits, hasControls, isRightToLeft, visible } from "./controls";

describe("invisible characters", () => {
  test.each([
    ["\u202eevil\u202c", "⟨U+202E⟩evil⟨U+202C⟩"],
    ["a\u200bb\ufeffc", "a⟨U+200B⟩b⟨U+FEFF⟩c"],
    ["\u2066x\u2069", "⟨U+2066⟩x⟨U+2069⟩"],
    ["bell\u0007\u001b[31m", "bell⟨U+0007⟩⟨U+001B⟩[31m"],
    ["tag\u{e0041}", "tag⟨U+E0041⟩"],
  ])("%j is written out", (text, expected) => {
    expect(visible(text)).toBe(expected);
    expect(hasControls(text)).toBe(true);
  });

  test.each(["line\n\ttab\r\n", "👩‍💻", "نمی‌خواهم", "שגיאה", ""])("%j stays as it is", (text) => {
    expect(visible(text)).toBe(text);
    expect(hasControls(text)).toBe(false);
  });

  test("each has its name, and nothing of the text is lost", () => {
    expect(bits("a\u202eb")).toEqual([
      { text: "a", control: false },
      { text: "U+202E", control: true, name: "right-to-left override" },
      { text: "b", control: false },
    ]);
  });

  test("what is written from the right is known", () => {
    expect([isRightToLeft("total = السعر"), isRightToLeft("total = prix")]).toEqual([true, false]);
  });
});
