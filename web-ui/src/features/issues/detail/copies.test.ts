import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Level } from "@/gen/errata/v1/event_pb";
import { EventDetailSchema, EventSummarySchema } from "@/gen/errata/v1/event_read_pb";
import { IssueSchema } from "@/gen/errata/v1/issue_pb";
import { curl, markdown } from "./copies";

describe("a request as a command", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["plain", { url: "https://shop.example/cart" }, "curl 'https://shop.example/cart'"],
    [
      "with what it asks for",
      { url: "https://a.example/", query_string: "a=1&b=2", method: "get" },
      "curl 'https://a.example/?a=1&b=2'",
    ],
    [
      "with a body to the letter",
      { url: "https://a.example/", method: "POST", data: '{"sku": "A-1, "qty": 2}' },
      `curl 'https://a.example/' \\\n  --data-raw '{"sku": "A-1, "qty": 2}'`,
    ],
    [
      "with another method",
      { url: "https://a.example/", method: "PUT", data: { a: 1 } },
      `curl 'https://a.example/' \\\n  -X PUT \\\n  --data-raw '{"a":1}'`,
    ],
    [
      "with headers as pairs, each as often as it came",
      {
        url: "u",
        headers: [
          ["X-A", "1"],
          ["X-A", "2"],
          ["Host", "h"],
        ],
      },
      `curl 'u' \\\n  -H 'X-A: 1' \\\n  -H 'X-A: 2'`,
    ],
    ["with cookies", { url: "u", cookies: { id: "[Filtered]" } }, `curl 'u' \\\n  -b 'id=[Filtered]'`],
    [
      "that tries to leave its quotes",
      { url: "u'; rm -rf '/", method: "GET;ls", headers: { a: "b'c" } },
      `curl 'u'\\''; rm -rf '\\''/' \\\n  -X 'GET;LS' \\\n  -H 'a: b'\\''c'`,
    ],
    ["without an address", { method: "GET" }, ""],
  ])("%s", (_, request, expected) => {
    expect(curl(request)).toBe(expected);
  });
});

test("an issue as Markdown has what a ticket needs, and nothing breaks out of it", () => {
  const text = markdown({
    issue: create(IssueSchema, {
      id: "8d4756ce00000000",
      title: "TypeError: a | b\u202e",
      culprit: "price (cart.js)",
      level: Level.ERROR,
      handled: false,
      count: 5406n,
      users: 2725n,
    }),
    summary: create(EventSummarySchema, {
      id: "7e608099",
      platform: "node",
      release: "web-shop@4.21.0",
      environment: "production",
    }),
    detail: create(EventDetailSchema, {
      exceptions: [
        { type: "TypeError", value: "has ``` in it", frames: [{ function: "price", filename: "cart.js", lineno: 3 }] },
      ],
    }),
    project: "web-shop",
    origin: "https://errata.example",
  });
  expect(text).toContain("## TypeError: a \\| b⟨U+202E⟩\n");
  expect(text).toContain("(https://errata.example/issues/8d4756ce00000000/events/7e608099)");
  expect(text).toContain("| Level | error, unhandled |");
  expect(text).toContain("| Seen | 5,406 events, 2,725 users |");
  expect(text).toContain("````\nTypeError: has ``` in it\n    at price (cart.js:3)\n````");
});
