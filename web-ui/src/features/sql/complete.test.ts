import { expect, test } from "vitest";
import { completionsAt, wordAt } from "./complete";

const tables = [
  {
    name: "events",
    about: "",
    columns: [
      { name: "title", type: "text", about: "" },
      { name: "timestamp", type: "timestamp", about: "" },
      { name: "user", type: "text", about: "" },
    ],
  },
  { name: "issues", about: "", columns: [{ name: "status", type: "text", about: "" }] },
];

/** "|" is where one types. */
const shown = (text: string): string[] => {
  const at = text.indexOf("|");
  return completionsAt(text.replace("|", ""), at, tables).map((each) => each.text);
};

test.each([
  ["SELECT ti| FROM events", ["title", "timestamp", "DISTINCT", "min("].slice(0, 2)],
  ["SELECT us| FROM events", ['"user"', "USING"]],
  ["SELECT * FROM |", ["events", "issues"]],
  ["SELECT * FROM is|", ["issues"]],
  ["DESCRIBE |", ["events", "issues"]],
  ["SELECT e.| FROM events e", ["title", "timestamp", '"user"']],
  ["SELECT i.sta| FROM issues i", ["status"]],
  ["SELECT 'ti| FROM events", []],
  ["SELECT 1 -- ti|", []],
  ["SELECT |", []],
  ["SELECT count| FROM events", ["count("]],
])("%s", (text, expected) => {
  expect(shown(text).slice(0, Math.max(expected.length, 1))).toEqual(expected);
});

test("a word goes back to where it begins", () => {
  expect(wordAt("SELECT tit", 10)).toEqual({ word: "tit", start: 7 });
  expect(wordAt('a."us', 5)).toEqual({ word: '"us', start: 2 });
});
