// What changes while rows are on their way is in neither the rows nor the stream's edits.
import { create } from "@bufbuild/protobuf";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IssueStatus } from "@/gen/errata/v1/command_pb";
import { type Issue, IssueSchema } from "@/gen/errata/v1/issue_pb";
import { type IssuePages } from "../api/listIssues";
import { flatten } from "./liveMerge";
import { parseSearch } from "./search";
import { useLiveList } from "./useLiveList";
import { issueKeys } from "../keys";

interface Heard {
  onMessage: (message: { issue: Issue; isNew: boolean }) => void;
  onOpen: () => void;
}
let stream: Heard;
const peeked = vi.hoisted(() => vi.fn());

vi.mock("../api/streamIssues", () => ({
  useIssueStream: (options: Heard) => {
    stream = options;
    return "live";
  },
}));
vi.mock("../api/listIssues", async (real) => ({ ...(await real<object>()), peekIssues: peeked }));

const now = Date.now();
const issue = (id: string, count: bigint): Issue =>
  create(IssueSchema, {
    id,
    title: id,
    status: IssueStatus.UNRESOLVED,
    count,
    lastSeen: { seconds: BigInt(Math.floor(now / 1000)), nanos: 0 },
  });
const pagesOf = (...issues: Issue[]): IssuePages => ({
  pages: [{ issues, nextCursor: "", total: issues.length, fromMs: 1, askedAtMs: now, countedFromMs: 1 }],
  pageParams: [{ cursor: "", fromMs: 0 }],
});
const search = parseSearch(new URLSearchParams());

let client: QueryClient;
const load = (...issues: Issue[]) => client.setQueryData(issueKeys.list(search), pagesOf(...issues));
const shown = () =>
  flatten(client.getQueryData<IssuePages>(issueKeys.list(search))).map((each) => [each.id, each.count]);

function follow(fetching: boolean) {
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return renderHook((given: { fetching: boolean }) => useLiveList(search, given.fetching), {
    wrapper,
    initialProps: { fetching },
  });
}
const hear = (each: Issue) => act(() => stream.onMessage({ issue: each, isNew: false }));

beforeEach(() => {
  client = new QueryClient();
  peeked.mockReset();
  peeked.mockResolvedValue(pagesOf(issue("a", 2n), issue("b", 1n)));
});
afterEach(cleanup);

const caughtUp = async (waiting: () => ReadonlyMap<string, string>) => {
  await waitFor(() => expect(shown()).toEqual([["a", 2n]]));
  expect([...waiting().keys()]).toEqual(["b"]);
  expect(peeked).toHaveBeenCalledTimes(1);
};

test("what came between the read and the stream is read", async () => {
  load(issue("a", 1n));
  const { result } = follow(false);
  act(() => stream.onOpen());
  await caughtUp(() => result.current.waiting);
});

test("a stream that opens while rows are on their way waits for them", async () => {
  const { result, rerender } = follow(true);
  act(() => stream.onOpen());
  expect(peeked).not.toHaveBeenCalled();
  load(issue("a", 1n));
  rerender({ fetching: false });
  await caughtUp(() => result.current.waiting);
});

test("what is heard while more rows are on their way is not lost with the old ones", async () => {
  load(issue("a", 1n));
  const { result, rerender } = follow(false);
  rerender({ fetching: true });
  hear(issue("a", 2n));
  load(issue("a", 1n));
  rerender({ fetching: false });
  await caughtUp(() => result.current.waiting);
});

test("what is heard with all rows there costs no read", () => {
  load(issue("a", 1n));
  const { rerender } = follow(false);
  hear(issue("a", 2n));
  rerender({ fetching: true });
  rerender({ fetching: false });
  expect([peeked.mock.calls.length, shown()]).toEqual([0, [["a", 2n]]]);
});
