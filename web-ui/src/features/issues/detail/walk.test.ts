import { describe, expect, test } from "vitest";
import { joined, placeIn } from "./walk";

const stretch = (ids: readonly string[], before = 0) => ({ ids, before });
const longList = Array.from({ length: 11_000 }, (_, at) => `issue-${String(at)}`);
const unread = () => expect.unreachable("the list is read without need");

describe("walking through the list one came from", () => {
  test("an issue that left the list keeps its place", () => {
    expect(joined(stretch(["a", "b", "c"]), () => ["a", "c", "d"], "b").ids).toEqual(["a", "b", "c", "d"]);
  });

  test("what came in before does not change the way on", () => {
    expect(joined(stretch(["a", "b"]), () => ["new", "a", "b", "c"], "b").ids).toEqual(["a", "b", "c"]);
  });

  test("nothing new is the same list", () => {
    const known = stretch(["a", "b"]);
    expect(joined(known, () => ["b", "a"], "a")).toBe(known);
  });

  test("away from its end, the list is not read", () => {
    const known = stretch(longList.slice(0, 2000));
    expect(joined(known, unread, "issue-7")).toBe(known);
  });

  test("an issue of another list begins that list", () => {
    expect(joined(stretch(["a", "b"]), () => ["x", "y"], "y")).toEqual(stretch(["x", "y"]));
  });

  test("one that is in no list changes nothing", () => {
    const known = stretch(["a", "b"]);
    expect(joined(known, () => ["x", "y"], "z")).toBe(known);
  });

  test("far down a list, the stretch lies around where one is, and moves on", () => {
    let known = joined(stretch([]), () => longList, "issue-5000");
    expect([known.ids.length, known.before]).toEqual([2000, 4000]);
    for (let at = 5000; at < 10_999; at += 1) {
      const current = `issue-${String(at)}`;
      known = joined(known, () => longList, current);
      expect(known.ids.length).toBeLessThanOrEqual(2000);
      expect(placeIn(known, 11_000, current)).toEqual({
        number: at + 1,
        total: 11_000,
        previous: `issue-${String(at - 1)}`,
        next: `issue-${String(at + 1)}`,
      });
    }
    const last = joined(known, () => longList, "issue-10999");
    expect(placeIn(last, 11_000, "issue-10999")).toMatchObject({ number: 11_000, next: undefined });
  });

  test.each([
    ["b", { number: 2, total: 2821, previous: "a", next: "c" }],
    ["a", { number: 1, total: 2821, previous: undefined, next: "b" }],
    ["c", { number: 3, total: 2821, previous: "b", next: undefined }],
    ["z", { number: 0, total: 0, previous: undefined, next: undefined }],
  ])("%s stands there", (issue, place) => {
    expect(placeIn(stretch(["a", "b", "c"]), 2821, issue)).toEqual(place);
  });
});
