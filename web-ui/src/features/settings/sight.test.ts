import { describe, expect, it } from "vitest";
import { sightInWords } from "./sight";

describe("sightInWords", () => {
  it.each([
    [true, [], "all projects"],
    [false, [], "no project"],
    [false, [3], "1 project"],
    [false, [1, 2, 3], "3 projects"],
  ])("%s %j is %s", (allProjects, projectIds, expected) => {
    expect(sightInWords({ allProjects, projectIds })).toBe(expected);
  });
});
