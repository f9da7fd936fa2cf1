import { describe, expect, test } from "vitest";
import { parseScope, scopeSearch, writeScope } from "./scope";

const parse = (query: string) => parseScope(new URLSearchParams(query));

describe("the scope in the URL", () => {
  test.each([
    ["", { projectIds: [], environment: "", range: "24h" }],
    ["project=3,1,1&environment=staging&range=7d", { projectIds: [1, 3], environment: "staging", range: "7d" }],
    ["project=x,-1,0,2.5,4&range=5y", { projectIds: [4], environment: "", range: "24h" }],
  ])("reads %s", (query, expected) => {
    expect(parse(query)).toEqual(expected);
  });

  test("defaults are left out, and other parameters kept", () => {
    expect(writeScope(new URLSearchParams("q=x&range=7d"), parse("")).toString()).toBe("q=x");
    expect(scopeSearch(parse(""))).toBe("");
    expect(scopeSearch(parse("range=7d&q=x"))).toBe("?range=7d");
  });
});
