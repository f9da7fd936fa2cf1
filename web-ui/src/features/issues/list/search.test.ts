import { describe, expect, test } from "vitest";
import { parseSearch, writeSearch } from "./search";

const parse = (query: string) => parseSearch(new URLSearchParams(query));
const write = (query: string) => writeSearch(new URLSearchParams(), parse(query)).toString();

describe("the issue list in the URL", () => {
  test.each([
    "",
    "status=all",
    "status=ignored%2Cresolved&level=fatal%2Cwarning",
    "project=2&environment=production&range=30d&release=shop%401.4.2&q=price+of&assignee=3&sort=count",
  ])("%s survives reading and writing", (query) => {
    const params = new URLSearchParams(query);
    const written = new URLSearchParams(write(query));
    params.sort();
    written.sort();
    expect(written.toString()).toBe(params.toString());
  });

  test.each([
    ["status=nonsense", { statuses: ["unresolved"] }],
    ["level=loud,error", { levels: ["error"] }],
    ["sort=colour", { sort: "last_seen" }],
    ["assignee=-4", { assignee: 0 }],
    [`q=${"x".repeat(500)}`, { text: "x".repeat(200) }],
  ])("an unreadable %s falls back to the default", (query, expected) => {
    expect(parse(query)).toMatchObject(expected);
  });

  test("the default status is not written", () => {
    expect(write("status=unresolved")).toBe("");
  });
});
