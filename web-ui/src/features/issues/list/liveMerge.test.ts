import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { IssueStatus } from "@/gen/errata/v1/command_pb";
import { Level } from "@/gen/errata/v1/event_pb";
import { type Issue, IssueSchema, ListIssuesResponseSchema } from "@/gen/errata/v1/issue_pb";
import type { IssuePages } from "../api/listIssues";
import { flatten, type Merged, mergeLive } from "./liveMerge";
import { parseSearch } from "./search";

const issue = (id: string, rest: Partial<Omit<Issue, "$typeName" | "$unknown">> = {}) =>
  create(IssueSchema, { id, projectId: 1, title: `TypeError: ${id}`, culprit: "load in app", level: Level.ERROR, status: IssueStatus.UNRESOLVED, count: 1n, ...rest });
const page = (...issues: Issue[]) => create(ListIssuesResponseSchema, { issues });
const list = (...issues: Issue[]): Merged => ({ pages: { pages: [page(...issues)], pageParams: [""] }, waiting: new Set() });
const search = (query = "") => parseSearch(new URLSearchParams(query));

describe("live changes", () => {
  test("a shown row changes in its place", () => {
    const now = list(issue("a"), issue("b"));
    const next = mergeLive(now, issue("b", { count: 9n }), search());
    expect(flatten(next.pages).map((each) => [each.id, each.count])).toEqual([["a", 1n], ["b", 9n]]);
    expect(next.waiting.size).toBe(0);
  });

  test("a shown row stays although it no longer matches: nothing moves under the pointer", () => {
    const next = mergeLive(list(issue("a")), issue("a", { status: IssueStatus.RESOLVED }), search());
    expect(flatten(next.pages).map((each) => each.status)).toEqual([IssueStatus.RESOLVED]);
  });

  test("a new row waits, once, and no longer when it stops matching", () => {
    let now = list(issue("a"));
    const { pages } = now;
    now = mergeLive(now, issue("n"), search());
    now = mergeLive(now, issue("n", { count: 2n }), search());
    expect([...now.waiting]).toEqual(["n"]);
    expect(now.pages).toBe(pages);
    now = mergeLive(now, issue("n", { status: IssueStatus.IGNORED }), search());
    expect(now.waiting.size).toBe(0);
  });

  test.each([
    ["project=2"], ["level=fatal"], ["status=resolved"], ["release=x%401"], ["assignee=4"], ["q=nothing+like+it"],
  ])("a row outside the filter %s does not wait", (query) => {
    expect(mergeLive(list(), issue("n"), search(query)).waiting.size).toBe(0);
  });

  test("all words must be held, in title or culprit, without regard to case", () => {
    expect(mergeLive(list(), issue("n"), search("q=typeerror+LOAD")).waiting.size).toBe(1);
  });

  test("a row that moved between two pages is shown once", () => {
    const pages: IssuePages = { pages: [page(issue("a"), issue("b")), page(issue("b"), issue("c"))], pageParams: ["", "2"] };
    expect(flatten(pages).map((each) => each.id)).toEqual(["a", "b", "c"]);
  });
});
