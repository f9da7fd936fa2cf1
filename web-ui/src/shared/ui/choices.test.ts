import { describe, expect, test } from "vitest";
import { type Choice, moved, narrowed, startingWith } from "./choices";

const choices: Choice[] = [
  { id: "1", group: "Level", text: "error" },
  { id: "2", group: "Assigned to", text: "Zoë Ångström" },
  { id: "3", group: "Release", text: "shop@4.21.0" },
  { id: "4", group: "Release", text: "shop@4.20.1" },
];
const ids = (text: string) =>
  narrowed(choices, text)
    .map((each) => each.id)
    .join("");

describe("a list that is narrowed", () => {
  test.each([
    ["", "1234"],
    ["  ", "1234"],
    ["4.2", "34"],
    ["SHOP 21", "3"],
    ["zoe", "2"],
    ["angstrom", "2"],
    ["release", "34"],
    ["rel 20", "4"],
    ["4.2*", ""],
    ["nothing", ""],
  ])("by %j has %j", (text, expected) => expect(ids(text)).toBe(expected));
});

describe("keys", () => {
  test.each([
    ["ArrowDown", 0, 3, 1],
    ["ArrowDown", 2, 3, 0],
    ["ArrowUp", 0, 3, 2],
    ["PageDown", 0, 3, 2],
    ["PageUp", 2, 3, 0],
    ["ArrowDown", 0, 0, null],
    ["Home", 1, 3, null],
  ])("%s at %i of %i leads to %j", (key, at, count, expected) => expect(moved(key, at, count)).toBe(expected));

  test("a letter goes round those that begin with it", () => {
    expect(
      ["s", "s", "z", "x"].map((letter, index) => startingWith(choices, letter, [0, 2, 3, 0][index] ?? 0)),
    ).toEqual([2, 3, 1, null]);
  });
});
