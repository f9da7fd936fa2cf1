import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { IssueStatus } from "@/gen/errata/v1/command_pb";
import { Level } from "@/gen/errata/v1/event_pb";
import { type Issue, IssueSchema } from "@/gen/errata/v1/issue_pb";
import type { IssuePages } from "../api/listIssues";
import { flatten, mapIssues, matchesTriage, type Merged, mergeFresh, mergeLive, newsWords, rowOf } from "./liveMerge";
import { parseSearch } from "./search";

const issue = (id: string, rest: Partial<Omit<Issue, "$typeName" | "$unknown">> = {}) =>
  create(IssueSchema, {
    id,
    projectId: 1,
    title: `TypeError: ${id}`,
    culprit: "load in app",
    level: Level.ERROR,
    status: IssueStatus.UNRESOLVED,
    count: 1n,
    ...rest,
  });
const page = (...issues: Issue[]) => ({
  issues,
  nextCursor: "",
  total: issues.length,
  fromMs: 1_000_000,
  askedAtMs: 1_000_000,
  countedFromMs: 1_000_000,
});
const at = (seconds: number) => ({
  $typeName: "google.protobuf.Timestamp" as const,
  seconds: BigInt(seconds),
  nanos: 0,
});
const list = (...issues: Issue[]): Merged => ({
  pages: { pages: [page(...issues)], pageParams: [""] },
  waiting: new Map(),
});
const search = (query = "") => parseSearch(new URLSearchParams(query));

test("of many pages a change copies the one that it is in, and the rows are gathered once", () => {
  const pages: IssuePages = { pages: [page(issue("a")), page(issue("b")), page(issue("c"))], pageParams: [] };
  const now = { pages, waiting: new Map() };
  const next = mergeLive(now, issue("b", { count: 9n }), search(), false).pages;
  expect(next.pages.map((each, index) => each === pages.pages[index])).toEqual([true, false, true]);
  expect(flatten(next)).toBe(flatten(next));
  expect(mapIssues(pages, (each) => each)).toBe(pages);
  expect([rowOf(next, "b")?.count, rowOf(next, "z")]).toEqual([9n, undefined]);
});

describe("live changes", () => {
  test("a shown row changes in its place", () => {
    const now = list(issue("a"), issue("b"));
    const next = mergeLive(now, issue("b", { count: 9n }), search(), false);
    expect(flatten(next.pages).map((each) => [each.id, each.count])).toEqual([
      ["a", 1n],
      ["b", 9n],
    ]);
    expect(next.waiting.size).toBe(0);
  });

  test("a shown row stays although it no longer matches: nothing moves under the pointer", () => {
    const next = mergeLive(list(issue("a")), issue("a", { status: IssueStatus.RESOLVED }), search(), false);
    expect(flatten(next.pages).map((each) => each.status)).toEqual([IssueStatus.RESOLVED]);
  });

  test("a new row waits, once, and no longer when it stops matching", () => {
    let now = list(issue("a"));
    const { pages } = now;
    now = mergeLive(now, issue("n"), search(), false);
    now = mergeLive(now, issue("n", { count: 2n }), search(), false);
    expect([...now.waiting]).toEqual([["n", "changed"]]);
    expect(now.pages).toBe(pages);
    now = mergeLive(now, issue("n", { status: IssueStatus.IGNORED }), search(), false);
    expect(now.waiting.size).toBe(0);
  });

  test.each([
    ["project=2"],
    ["level=fatal"],
    ["status=resolved"],
    ["is=new"],
    ["is=regressed"],
    ["assignee=4"],
    ["q=nothing+like+it"],
    ["q=is:regressed"],
    ["q=level:fatal+load"],
  ])("a row outside the filter %s does not wait", (query) => {
    expect(mergeLive(list(), issue("n"), search(query), false).waiting.size).toBe(0);
  });

  test.each([
    ["is=new", { firstSeen: at(1500) }],
    ["is=regressed", { regressedAt: at(1500) }],
    ["q=is:new+LOAD", { firstSeen: at(1500) }],
    ["assignee=none", {}],
  ])("a row within the filter %s waits", (query, rest) => {
    expect(mergeLive(list(), issue("n", rest), search(query), false).waiting.size).toBe(1);
  });

  test("new issues and known ones with a new event are told apart", () => {
    let now = mergeLive(list(issue("a")), issue("n"), search(), true);
    expect(newsWords(now.waiting)).toBe("1 new issue");
    now = mergeLive(now, issue("k"), search(), false);
    now = mergeLive(now, issue("l"), search(), false);
    expect(newsWords(now.waiting)).toBe("1 new issue, 2 changed");
    // A known issue's further events do not make it new, nor a new one's known.
    now = mergeLive(now, issue("n", { count: 2n }), search(), false);
    expect(now.waiting.get("n")).toBe("new");
    expect(newsWords(new Map([["k", "changed"]]))).toBe("1 issue changed");
  });

  test.each([
    ["sort=count", { rangeCount: 5n }, 0],
    ["sort=count", { rangeCount: 50n }, 1],
    ["sort=count&order=asc", { rangeCount: 5n }, 1],
    ["sort=first_seen", { firstSeen: at(1) }, 0],
    ["sort=last_seen", { lastSeen: at(9000) }, 1],
  ])("with %s, what ranks below the loaded rows need not wait", (query, rest, waiting) => {
    const last = issue("a", { rangeCount: 10n, firstSeen: at(2000), lastSeen: at(3000) });
    const now: Merged = {
      pages: { pages: [{ ...page(last), nextCursor: "more" }], pageParams: [""] },
      waiting: new Map(),
    };
    expect(mergeLive(now, issue("n", rest), search(query), false).waiting.size).toBe(waiting);
  });

  test("a fresh read changes rows in place and lets the rest wait", () => {
    const now = list(issue("a", { lastSeen: at(1000) }), issue("b", { lastSeen: at(900) }));
    const fresh = list(
      issue("n", { firstSeen: at(3000), lastSeen: at(3000) }),
      issue("k", { firstSeen: at(100), lastSeen: at(2500) }),
      issue("b", { count: 7n }),
      issue("old", { lastSeen: at(500) }),
    ).pages;
    const merged = mergeFresh(now, fresh, 2_000_000);
    expect(flatten(merged.pages).map((each) => [each.id, each.count])).toEqual([
      ["a", 1n],
      ["b", 7n],
    ]);
    expect([...merged.waiting]).toEqual([
      ["n", "new"],
      ["k", "changed"],
    ]);
  });

  test.each([
    ["", IssueStatus.RESOLVED, undefined, false],
    ["status=all", IssueStatus.RESOLVED, undefined, true],
    ["q=is:ignored", IssueStatus.IGNORED, undefined, true],
    ["assignee=none", IssueStatus.UNRESOLVED, 4, false],
    ["assignee=4", IssueStatus.UNRESOLVED, 4, true],
    ["assignee=5", IssueStatus.UNRESOLVED, 4, false],
  ])("in %j, %i assigned to %s belongs: %s", (query, status, assignee, belongs) => {
    const member =
      assignee === undefined
        ? {}
        : { assignee: { $typeName: "errata.v1.Issue.Member" as const, id: assignee, email: "", name: "" } };
    expect(matchesTriage(issue("a", { status, ...member }), search(query))).toBe(belongs);
  });

  test("all words must be held, in title or culprit, without regard to case", () => {
    expect(mergeLive(list(), issue("n"), search("q=typeerror+LOAD"), false).waiting.size).toBe(1);
  });

  test("a row that moved between two pages is shown once", () => {
    const pages: IssuePages = {
      pages: [page(issue("a"), issue("b")), page(issue("b"), issue("c"))],
      pageParams: ["", "2"],
    };
    expect(flatten(pages).map((each) => each.id)).toEqual(["a", "b", "c"]);
  });
});
