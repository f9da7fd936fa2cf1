import { expect, test } from "vitest";
import { compared, likeness } from "./similarity";

test.each([
  [0.5, "alike, 50 %"],
  [0.65, "much alike, 65 %"],
  [0.849, "much alike, 85 %"],
  [0.9, "nearly the same, 90 %"],
  [1, "nearly the same, 99 %"],
])("%s is %s", (score, words) => expect(likeness(score)).toBe(words));

test.each([
  ["same error", "frame `refund` there", "Same error; differs in frame `refund` there."],
  ["same error and same text", "", "Same error and same text; events that come now would be one issue."],
  ["", "text", "Differs in text."],
  ["", "", ""],
])("%s and %s", (shared, differs, text) => expect(compared(shared, differs)).toBe(text));
