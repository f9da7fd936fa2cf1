// Why an event is in its issue, asked on the issue's page: the stack is marked, and
// another event can be compared with it.
import { Code, ConnectError } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { EventService } from "@/gen/errata/v1/event_read_pb";
import { IssueService } from "@/gen/errata/v1/issue_pb";
import { useAsksWhy } from "@/features/issues/detail/why/marks";
import { address, button, go, open } from "@/testing/app";
import { server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const ISSUE = "00000000000000aa";
const EVENT = "a".repeat(32);
const OTHER = "b".repeat(32);
const { getEvent, explainGrouping, whyApart } = EventService.method;

const frame = (index: number, name: string, counts: boolean, why: string) => ({
  name: "frame",
  value: `${name} (shop.cart)`,
  counts,
  why,
  index,
});
const explanation = {
  event: { id: EVENT, issueId: ISSUE, projectId: 1 },
  fingerprint: "755218a313fbcb038c8e95eac70cc5a2",
  title: "KeyError: 'price'",
  algorithmVersion: 6,
  root: {
    name: "event",
    counts: true,
    why: "an error and its causes, oldest first",
    parts: [
      {
        name: "error",
        value: "KeyError",
        counts: true,
        index: 0,
        parts: [
          { name: "type", value: "KeyError", counts: true, why: "the type" },
          { name: "value", value: "'price'", counts: false, why: "the stack tells enough" },
          frame(0, "handle", false, "not the application's own"),
          { ...frame(1, "price", true, "the application's own"), raw: "lambda$price$0 (shop.cart)" },
        ],
      },
    ],
  },
};

function known() {
  server.on(IssueService.method.getIssue, () => ({ issue: { id: ISSUE, projectId: 1, title: "KeyError", count: 2n } }));
  server.on(getEvent, () => ({
    summary: { id: EVENT, issueId: ISSUE, projectId: 1, platform: "python", type: "KeyError" },
    detail: {
      exceptions: [
        {
          type: "KeyError",
          value: "'price'",
          frames: [
            { function: "handle", filename: "lib/http.py", inApp: false },
            { function: "price", filename: "shop/cart.py", inApp: true },
          ],
        },
      ],
    },
  }));
  server.on(explainGrouping, () => ({ explanation }));
  useAsksWhy.setState({ asks: false });
}

const panel = () => screen.getByRole("region", { name: "Why this issue?" });
const marks = () => screen.queryAllByText(/^(counts|does not count)$/, { selector: "ol li span" });

test("nobody asks until it is opened; then the tree says what counts and the stack is marked", async () => {
  known();
  const user = await open(`/issues/${ISSUE}/events/${EVENT}`);
  const title = await screen.findByRole("button", { name: "Why this issue?" });
  expect(server.asked(explainGrouping)).toHaveLength(0);
  expect(marks()).toHaveLength(0);
  await user.click(title);
  await within(panel()).findByText(/1 error, 1 of 2 frames/);
  expect(server.asked(explainGrouping)).toMatchObject([{ eventId: EVENT }]);
  const lines = within(panel())
    .getAllByText(/counts?:$/)
    .map((sign) => sign.closest("div")?.textContent);
  expect(lines).toEqual([
    "counts:ErrorKeyError",
    "counts:TypeKeyErrorthe type",
    "does not count:Text'price'the stack tells enough",
    "counts:Frameprice (shop.cart)sent as lambda$price$0 (shop.cart)the application's own",
    "does not count:Framehandle (shop.cart)not the application's own",
  ]);
  // Own code alone is unfolded; the library's call is marked when all are shown.
  expect(marks().map((mark) => mark.textContent)).toEqual(["counts"]);
  await user.click(button("All frames"));
  expect(marks().map((mark) => mark.textContent)).toEqual(["counts", "does not count"]);
  await user.click(title);
  expect(marks()).toHaveLength(0);
});

test.each([
  [
    "of the issue, unlike in a frame",
    { issueId: "00000000000000bb", projectId: 1 },
    { path: ["error", "frame 2"], first: frame(1, "price", true, ""), second: frame(1, "refund", true, "") },
    "They first differ in error › frame 2.",
  ],
  ["that is the same", { issueId: ISSUE, projectId: 1 }, undefined, /^They are in one issue/],
  ["that was merged", { issueId: ISSUE, projectId: 1 }, { path: ["error", "type"] }, /somebody merged the two/],
  ["that is kept apart", { issueId: "00000000000000bb", projectId: 1 }, undefined, /yet they are in two issues/],
  ["of another project", { issueId: "00000000000000bb", projectId: 2 }, { path: [] }, /of two projects/],
])("an event %s can be compared, and the comparison has an address", async (_, event, difference, said) => {
  known();
  const second = { ...explanation, event: { id: OTHER, ...event }, title: "KeyError: 'qty'" };
  server.on(whyApart, () => ({ first: explanation, second, ...(difference && { difference }) }));
  const user = await open(`/issues/${ISSUE}/events/${EVENT}`);
  await user.click(await screen.findByRole("button", { name: "Why this issue?" }));
  await user.click(await screen.findByLabelText(/^Why is another event/));
  await user.paste(`http://x/issues/1/events/${OTHER}`);
  await user.click(button("Compare"));
  await screen.findByText(said, { selector: '[role="status"]' });
  expect(address()).toContain(`compare=${OTHER}`);
  expect(server.asked(whyApart)).toMatchObject([{ firstEventId: EVENT, secondEventId: OTHER }]);
  expect(screen.getByText(OTHER.slice(0, 8)).getAttribute("href")).toBe(`/issues/${event.issueId}/events/${OTHER}`);
  await user.click(button("Close the comparison"));
  await waitFor(() => expect(address()).not.toContain("compare"));
});

test("what is no id is said so, and an event that is not there, too", async () => {
  known();
  server.on(whyApart, () => Promise.reject(new ConnectError(`no event ${OTHER}`, Code.NotFound)));
  const user = await open(`/issues/${ISSUE}/events/${EVENT}?compare=${OTHER}`);
  // A link to a comparison opens it.
  await screen.findByRole("region", { name: "Compared with another event" });
  await screen.findByText(/no event/i);
  await user.type(screen.getByLabelText(/^Why is another event/), "12345");
  await user.click(button("Compare"));
  expect((await screen.findByText(/has 32 digits/)).getAttribute("role")).toBe("alert");
  await go(`/issues/${ISSUE}/events/${EVENT}`);
});
