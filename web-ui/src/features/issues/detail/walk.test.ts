import { describe, expect, test } from "vitest";
import { joined, placeIn } from "./walk";

describe("walking through the list one came from", () => {
  test("an issue that left the list keeps its place", () => {
    expect(joined(["a", "b", "c"], ["a", "c", "d"], "b")).toEqual(["a", "b", "c", "d"]);
  });

  test("nothing new is the same list", () => {
    const known = ["a", "b"];
    expect(joined(known, ["b", "a"], "a")).toBe(known);
  });

  test("a list that is full stays the same one, however many more are found", () => {
    const found = Array.from({ length: 11_000 }, (_, at) => `issue-${String(at)}`);
    const full = joined([], found, "issue-7");
    expect(full).toHaveLength(2000);
    expect(joined(full, found, "issue-7")).toBe(full);
    expect(joined(full.slice(0, 1999), found, "issue-7")).toEqual(full);
  });

  test("an issue of another list begins that list", () => {
    expect(joined(["a", "b"], ["x", "y"], "y")).toEqual(["x", "y"]);
  });

  test.each([
    ["b", { number: 2, total: 2821, previous: "a", next: "c" }],
    ["a", { number: 1, total: 2821, previous: undefined, next: "b" }],
    ["c", { number: 3, total: 2821, previous: "b", next: undefined }],
    ["z", { number: 0, total: 0, previous: undefined, next: undefined }],
  ])("%s stands there", (issue, place) => {
    expect(placeIn(["a", "b", "c"], 2821, issue)).toEqual(place);
  });
});
