import { describe, expect, test } from "vitest";
import { parseScope, scopeSearch, writeScope } from "./scope";

const parse = (query: string) => parseScope(new URLSearchParams(query));

describe("the scope in the URL", () => {
  test.each([
    ["", { projectIds: [], environment: "", range: "24h", span: null }],
    [
      "project=3,1,1&environment=staging&range=7d",
      { projectIds: [1, 3], environment: "staging", range: "7d", span: null },
    ],
    [
      "from=2026-11-28T12:00Z&to=2026-11-28T14:00:30Z",
      { projectIds: [], environment: "", range: "24h", span: { fromS: 1795867200, toS: 1795874430 } },
    ],
    ["from=2026-11-28T12:00Z&to=2026-11-28T11:00Z", { projectIds: [], environment: "", range: "24h", span: null }],
    ["from=2025-11-28T12:00Z&to=2026-11-28T11:00Z", { projectIds: [], environment: "", range: "24h", span: null }],
    ["from=noon&to=", { projectIds: [], environment: "", range: "24h", span: null }],
    ["project=x,-1,0,2.5,4&range=5y", { projectIds: [4], environment: "", range: "24h", span: null }],
  ])("reads %s", (query, expected) => {
    expect(parse(query)).toEqual(expected);
  });

  test("defaults are left out, and other parameters kept", () => {
    expect(writeScope(new URLSearchParams("q=x&range=7d"), parse("")).toString()).toBe("q=x");
    expect(scopeSearch(parse(""))).toBe("");
    expect(scopeSearch(parse("range=7d&q=x"))).toBe("?range=7d");
  });
});
