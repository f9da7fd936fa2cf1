import { describe, expect, test } from "vitest";
import { effective, isComposed, NOBODY, parseSearch, statusesBeside, writeSearch } from "./search";

const parse = (query: string) => parseSearch(new URLSearchParams(query));
const write = (query: string) => writeSearch(new URLSearchParams(), parse(query)).toString();

describe("the issue list in the URL", () => {
  test.each([
    "",
    "status=all",
    "status=ignored%2Cresolved&level=fatal%2Cwarning",
    "project=2&environment=production&range=30d&release=shop%401.4.2&q=price+of&assignee=3&sort=count",
    "is=new%2Cregressed&assignee=none&sort=users&order=asc&from=2026-11-28T12:00Z&to=2026-11-28T14:00Z",
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
    [`q=${"x".repeat(1500)}`, { text: "x".repeat(1000) }],
  ])("an unreadable %s falls back to the default", (query, expected) => {
    expect(parse(query)).toMatchObject(expected);
  });

  test("the default status is not written", () => {
    expect(write("status=unresolved")).toBe("");
  });

  test.each([
    ["is:new cart", { states: ["new"], text: "cart" }],
    ["is:regressed is:resolved", { states: ["regressed"], statuses: ["resolved"], text: "" }],
    ["is:resolved is:ignored", { statuses: ["ignored", "resolved"], text: "" }],
    ["is:resolved OR cart", { statuses: [], text: "is:resolved OR cart" }],
    ["!is:resolved", { statuses: [], text: "!is:resolved" }],
    ["level:error (a b)", { levels: [], statuses: ["unresolved"], text: "level:error (a b)" }],
    ["release:shop* level:>=error", { levels: [], release: "", text: "release:shop* level:>=error" }],
    ["price level:fatal level:error of", { levels: ["fatal", "error"], text: "price of" }],
    ['release:"shop 1.2" environment:production', { release: "shop 1.2", environment: "production", text: "" }],
    ["this:is is:new", { states: ["new"], text: "this:is" }],
    ["IS:unassigned", { assignee: NOBODY, text: "" }],
    [
      "is:odd level:loud http://x TypeError: this:is",
      { states: [], levels: [], text: "is:odd level:loud http://x TypeError: this:is" },
    ],
    ["basis:new", { states: [], text: "basis:new" }],
  ])("the words %s are filters", (text, expected) => {
    expect(effective(parse(`q=${encodeURIComponent(text)}`))).toMatchObject(expected);
  });

  test.each([
    ["price of cart", false],
    ["is:new level:error price", false],
    ["times_seen:>100", true],
    ["browser:Safari", true],
    ["a OR b", true],
    ["!a", true],
    ["(a b)", true],
    ['"bad json"', true],
    ["get*ById", true],
  ])("only the server knows what %s finds: %s", (text, expected) => {
    expect(isComposed(parse(`q=${encodeURIComponent(text)}`))).toBe(expected);
  });

  test.each([
    ["cart", ["unresolved"]],
    ["is:new", ["unresolved"]],
    ["this is:resolved", []],
    ["(is:ignored OR a)", []],
    ["basis:resolved", ["unresolved"]],
  ])("a text that says how issues stand says it alone: %s", (text, expected) => {
    expect(statusesBeside(parse(`q=${encodeURIComponent(text)}`))).toEqual(expected);
  });
});
