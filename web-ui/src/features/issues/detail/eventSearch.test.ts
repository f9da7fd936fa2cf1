import { describe, expect, test } from "vitest";
import { type EventSearch, narrowed, NO_SEARCH, parseEventSearch, wholeQuery, writeEventSearch } from "./eventSearch";

const read = (query: string) => parseEventSearch(new URLSearchParams(query));

describe("the search for events in the URL", () => {
  test.each<[string, Partial<EventSearch>]>([
    ["q=browser%3ASafari+cart", { query: "browser:Safari cart" }],
    ["environment=staging&release=shop%404.2", { environment: "staging", release: "shop@4.2" }],
    ["tag=browser%3DChrome+120", { tag: { key: "browser", value: "Chrome 120" } }],
    ["tag=a%3Db%3Dc", { tag: { key: "a", value: "b=c" } }],
    [
      "user=id%3A1031&from=2026-01-02T00%3A00%3A00.000Z&to=2026-01-03T00%3A00%3A00.000Z",
      { user: "id:1031", fromMs: Date.UTC(2026, 0, 2), toMs: Date.UTC(2026, 0, 3) },
    ],
  ])("%s there and back", (query, expected) => {
    expect(read(query)).toEqual({ ...NO_SEARCH, ...expected });
    expect(writeEventSearch(new URLSearchParams(), read(query)).toString()).toBe(new URLSearchParams(query).toString());
  });

  test.each(["from=yesterday", "tag=nothing", "tag=%3Dx", "to="])("%s is left out", (query) => {
    expect(read(query)).toEqual(NO_SEARCH);
  });

  test.each<[Partial<EventSearch>, string]>([
    [{}, ""],
    [{ query: "cart OR pay", release: "shop@4.2" }, '(cart OR pay) release:"shop@4.2"'],
    [{ environment: 'a "b" *', user: "id:7" }, 'environment:"a \\"b\\" \\*" user:"id:7"'],
    [{ query: "cart", tag: { key: "my key", value: "c\\d" } }, 'cart tag."my key":"c\\\\d"'],
    [{ tag: { key: "plan", value: "" } }, 'has:tag."plan"'],
  ])("%j as one query", (change, expected) => {
    expect(wholeQuery({ ...NO_SEARCH, ...change })).toBe(expected);
  });

  test("a link to the table keeps its scope when it is narrowed", () => {
    expect(narrowed("/issues/1/events?range=7d", { release: "4.2" })).toBe("/issues/1/events?range=7d&release=4.2");
    expect(narrowed("/issues/1/events", {})).toBe("/issues/1/events");
  });
});
