// The filter bar as people use it: what is pressed and typed is in the address, and a
// press counts whether or not the one before it has been drawn.
import { Code, ConnectError, encodeBinaryHeader } from "@connectrpc/connect";
import { act, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { CommandService, IssueStatus } from "@/gen/errata/v1/command_pb";
import { IssueService } from "@/gen/errata/v1/issue_pb";
import { address, button, go, open } from "@/testing/app";
import { server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const ISSUE = {
  id: "0000000000000001",
  projectId: 1,
  title: "TypeError: x",
  type: "TypeError",
  status: IssueStatus.UNRESOLVED,
};
const RELEASES = Array.from({ length: 20 }, (_, index) => `shop@1.${index}`);

beforeEach(() => {
  server.on(IssueService.method.listIssues, () => ({ issues: [ISSUE], total: 1 }));
  server.on(IssueService.method.listFacets, () => ({ environments: ["production"], releases: RELEASES }));
});

const at = () => new URLSearchParams(address().split("?")[1]);
const option = (name: string) => screen.getByRole("option", { name });
/** What the newest list was asked for. */
const asked = () => server.asked(IssueService.method.listIssues).at(-1)?.filter;

async function openFilters(path = "/issues") {
  const user = await open(path);
  await user.click(await screen.findByRole("button", { name: /^Add a filter/ }));
  await screen.findByRole("listbox", { name: "Filters" });
  return user;
}

/** Presses within one task: nothing is drawn, and no address arrives, between them. */
const atOnce = (...elements: HTMLElement[]) =>
  act(() => {
    for (const element of elements) element.click();
  });

describe("filters", () => {
  test("are in the address, in the request and on a chip; the chip takes them back", async () => {
    const user = await openFilters();
    await user.click(option("fatal"));
    await waitFor(() => expect(at().get("level")).toBe("fatal"));
    await waitFor(() => expect(option("fatal").ariaSelected).toBe("true"));
    expect(asked()).toMatchObject({ levels: [5] });
    await user.keyboard("{Escape}");
    await user.click(button("Remove filter Level: fatal"));
    await waitFor(() => expect(address()).toBe("/issues"));
    await waitFor(() => expect(screen.queryByRole("button", { name: /Remove filter/ })).toBeNull());
  });

  test.each([
    ["of one kind", ["fatal", "warning", "info"], { level: "fatal,warning,info" }],
    ["of several kinds", ["New", "error", "Came back"], { is: "new,regressed", level: "error" }],
    ["twice the same", ["fatal", "error", "fatal"], { level: "error" }],
    ["of which one is left", ["Ada", "Nobody"], { assignee: "none" }],
    ["with a release", ["shop@1.3", "fatal"], { release: "shop@1.3", level: "fatal" }],
  ])("pressed before anything is drawn all count: %s", async (_, names, query) => {
    await openFilters();
    atOnce(...names.map(option));
    await waitFor(() => expect(Object.fromEntries(at())).toEqual(query));
    await waitFor(() => expect(asked()).toBeDefined());
  });

  test("of chips pressed before anything is drawn are all taken back", async () => {
    await open("/issues?level=fatal,error,warning&is=new&release=shop%401.3");
    const chips = await screen.findAllByRole("button", { name: /Remove filter/ });
    expect(chips).toHaveLength(5);
    atOnce(...chips.slice(1));
    await waitFor(() => expect(address()).toBe("/issues?level=fatal"));
  });

  test("and other parts of the page do not take each other back", async () => {
    const user = await openFilters();
    await user.keyboard("{Escape}");
    atOnce(
      screen.getByRole("button", { name: "Ignored" }),
      screen.getByRole("button", { name: /^Users/ }),
      screen.getByRole("button", { name: /^Users/ }),
    );
    await waitFor(() => expect(Object.fromEntries(at())).toEqual({ status: "ignored", sort: "users", order: "asc" }));
  });

  test("begin anew from where Back led", async () => {
    await open("/issues?level=error");
    await go("/issues?level=error&is=new");
    await screen.findByRole("button", { name: "Remove filter New" });
    await go(-1);
    await waitFor(() => expect(screen.queryByRole("button", { name: "Remove filter New" })).toBeNull());
    atOnce(screen.getByRole("button", { name: "Resolved" }));
    await waitFor(() => expect(Object.fromEntries(at())).toEqual({ status: "resolved", level: "error" }));
  });
});

describe("the list of filters by keys", () => {
  test("narrows while one types, takes the first by Enter, and stays open for more", async () => {
    const user = await openFilters();
    const field = screen.getByRole("combobox", { name: "Search: Filters" });
    await waitFor(() => expect(document.activeElement).toBe(field));
    await user.keyboard("level err");
    expect(screen.getAllByRole("option").map((each) => each.textContent)).toEqual(["error"]);
    await user.keyboard("{Enter}");
    await waitFor(() => expect(at().get("level")).toBe("error"));
    // Escape empties the field first, and closes the list then.
    await user.keyboard("{Escape}");
    expect((field as HTMLInputElement).value).toBe("");
    await user.keyboard("{ArrowDown}{ArrowDown}{Enter}");
    await waitFor(() => expect(at().get("level")).toBe("fatal,error"));
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("listbox")).toBeNull());
  });

  test("closes with what one can have only one of", async () => {
    const user = await openFilters();
    await user.keyboard("1.19{Enter}");
    await waitFor(() => expect(at().get("release")).toBe("shop@1.19"));
    await waitFor(() => expect(screen.queryByRole("listbox")).toBeNull());
  });

  test("says that nothing matches, and takes nothing then", async () => {
    const user = await openFilters();
    await user.keyboard("no such thing{Enter}");
    expect(screen.getByText("Nothing matches “no such thing”.")).toBeDefined();
    expect(address()).toBe("/issues");
    expect(screen.queryAllByRole("option")).toEqual([]);
  });
});

describe("the search field", () => {
  const field = () => screen.findByRole("combobox", { name: "Search issues" });

  test("keeps focus and text while the list changes, and is one step back", async () => {
    const user = await open("/issues?level=error");
    const before = window.history.length;
    await user.click(await field());
    await user.keyboard("price");
    await waitFor(() => expect(at().get("q")).toBe("price"));
    await user.keyboard(" of");
    await waitFor(() => expect(at().get("q")).toBe("price of"));
    expect(document.activeElement).toBe(await field());
    expect(window.history.length - before).toBe(1);
    expect(asked()).toMatchObject({ text: "price of", levels: [4] });
    await go(-1);
    await waitFor(async () => expect(((await field()) as HTMLInputElement).value).toBe(""));
    expect(at().get("level")).toBe("error");
  });

  test("searches at once by Enter, and what is pressed meanwhile is kept", async () => {
    const user = await open("/issues");
    await user.click(await field());
    await user.keyboard("cart{Enter}");
    atOnce(screen.getByRole("button", { name: "All" }));
    await waitFor(() => expect(Object.fromEntries(at())).toEqual({ q: "cart", status: "all" }));
  });

  test("changes nothing of any issue, whatever is typed", async () => {
    const user = await open("/issues");
    await user.keyboard("/");
    expect(document.activeElement).toBe(await field());
    await user.keyboard("jeexia");
    await waitFor(() => expect(at().get("q")).toBe("jeexia"));
    expect(server.asked(CommandService.method.setIssueStatus)).toEqual([]);
    expect(within(await screen.findByRole("main")).getByText("x")).toBeDefined();
  });

  const refuse = (place: string, suggestion: string) =>
    server.on(IssueService.method.listIssues, () => {
      throw new ConnectError('query: "unresolvd" is none of unresolved, resolved for is', Code.InvalidArgument, {
        "errata-field": "query",
        "errata-position": place,
        "errata-suggestion-bin": encodeBinaryHeader(new TextEncoder().encode(suggestion)),
      });
    });

  test("says what cannot be read, marks the place, and mends it by a press", async () => {
    refuse("3,9", "unresolved");
    const user = await open("/issues?q=is%3Aunresolvd+cart");
    const alert = await screen.findByRole("alert");
    expect(alert.querySelector("mark")?.textContent).toBe("unresolvd");
    const described = (await field()).getAttribute("aria-describedby") ?? "";
    expect(document.getElementById(described)?.textContent).toContain("is none of unresolved, resolved");
    expect((await field()).getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByText("The search cannot be read")).toBeDefined();
    server.on(IssueService.method.listIssues, () => ({ issues: [ISSUE], total: 1 }));
    await user.click(button("Use “unresolved”"));
    await waitFor(() => expect(at().get("q")).toBe("is:unresolved cart"));
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
    expect(asked()).toMatchObject({ text: "is:unresolved cart", statuses: [] });
  });

  test("offers keys and values; they are taken by key, and one goes on typing", async () => {
    server.on(IssueService.method.completeQuery, (request) => {
      const { text } = request as { text: string };
      return text.endsWith(":")
        ? { offset: 6, length: 0, completions: [{ text: "error", about: "", count: 12n }] }
        : { offset: 0, length: 3, completions: [{ text: "level:", about: "how severe" }] };
    });
    const user = await open("/issues");
    await user.click(await field());
    await user.keyboard("lev");
    await screen.findByRole("option", { name: /level:/ });
    await user.keyboard("{ArrowDown}{Enter}");
    await waitFor(async () => expect(((await field()) as HTMLInputElement).value).toBe("level:"));
    const value = await screen.findByRole("option", { name: /error/ });
    await user.click(value);
    await waitFor(async () => expect(((await field()) as HTMLInputElement).value).toBe("level:error "));
    expect(screen.queryByRole("listbox", { name: "Completions" })).toBeNull();
    await waitFor(() => expect(at().get("q")).toBe("level:error"));
  });

  test("lets the list of completions go by Escape, and searches by Enter while none is marked", async () => {
    server.on(IssueService.method.completeQuery, () => ({ offset: 0, length: 1, completions: [{ text: "count:" }] }));
    const user = await open("/issues");
    await user.click(await field());
    await user.keyboard("c");
    await screen.findByRole("listbox", { name: "Completions" });
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("listbox", { name: "Completions" })).toBeNull();
    expect(document.activeElement).toBe(await field());
    await user.keyboard("a");
    await screen.findByRole("listbox", { name: "Completions" });
    await user.keyboard("{Enter}");
    await waitFor(() => expect(at().get("q")).toBe("ca"));
    expect(screen.queryByRole("listbox", { name: "Completions" })).toBeNull();
  });
});
