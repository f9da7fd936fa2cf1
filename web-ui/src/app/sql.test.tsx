// The page of SQL: run, faults with their place, what is kept, pictures.
import { screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useKept } from "@/features/sql/saved";
import { address, button, open } from "@/testing/app";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const tables = [
  {
    name: "events",
    about: "an event",
    columns: [
      { name: "title", type: "text", nullable: false, about: "as the issue is shown" },
      { name: "user", type: "text", nullable: false, about: "" },
    ],
  },
];

const answer = {
  columns: [
    { name: "title", type: "text" },
    { name: "events", type: "integer" },
  ],
  rows: [
    ["Second", 2],
    ["First", 10],
  ],
  truncated: false,
  elapsed_ms: 12,
};

const json = (body: unknown, status = 200) => Promise.resolve(new Response(JSON.stringify(body), { status }));

let asked: { query: string; limit?: number }[] = [];
let answers: (query: string, signal: AbortSignal | undefined) => Promise<Response>;

beforeEach(() => {
  asked = [];
  answers = () => json(answer);
  useKept.setState({ draft: "", history: [], saved: [] });
  globalThis.fetch = ((path: string, init: RequestInit) => {
    expect(path).toBe("/api/sql");
    if (init.method !== "POST") return json({ tables });
    const body = JSON.parse(init.body as string) as { query: string; limit?: number };
    asked.push(body);
    return answers(body.query, init.signal ?? undefined);
  }) as typeof fetch;
});

const fetched = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = fetched;
});

const field = () => screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Query" });

test("Ctrl and Enter run what is typed, and its rows can be sorted and drawn", async () => {
  const user = await open("/sql?query=SELECT%201");
  const query = await field();
  expect(query.value).toBe("SELECT 1");
  await user.clear(query);
  await user.type(query, "SELECT title, events FROM x{Escape}{Control>}{Enter}{/Control}");
  const region = await screen.findByRole("region", { name: "Answer" });
  expect(asked).toEqual([{ query: "SELECT title, events FROM x", limit: 10_000 }]);
  expect(address()).toBe("/sql?query=SELECT+title%2C+events+FROM+x");
  within(region).getByText("2 rows, 12 ms");
  const cells = () =>
    within(region)
      .getAllByRole("cell")
      .map((cell) => cell.textContent);
  await waitFor(() => expect(cells()).toEqual(["Second", "2", "First", "10"]));
  await user.click(within(region).getByRole("button", { name: /^title/ }));
  await waitFor(() => expect(cells()).toEqual(["First", "10", "Second", "2"]));
  await user.click(within(region).getByRole("button", { name: "Chart" }));
  within(region).getByRole("list", { name: "events by title" });
});

test("what cannot be read is told with its place, and mended by a press", async () => {
  answers = (query) =>
    query.includes("titel")
      ? json(
          {
            error: {
              code: "invalid",
              message: 'there is no column "titel": did you mean "title"?',
              field: "query",
              position: { offset: 9, length: 5 },
              suggestion: "title",
            },
          },
          400,
        )
      : json(answer);
  const user = await open("/sql?query=SELECT%0A%20%20titel%20FROM%20events");
  await field();
  await user.click(button("Run"));
  const fault = await screen.findByRole("alert");
  expect(fault.textContent).toContain("there is no column");
  await user.click(within(fault).getByRole("button", { name: "line 2, column 3" }));
  const query = await field();
  expect(query.value.slice(query.selectionStart, query.selectionEnd)).toBe("titel");
  await user.click(within(fault).getByRole("button", { name: "Use “title”" }));
  await screen.findByRole("region", { name: "Answer" });
  expect(asked.at(-1)?.query).toBe("SELECT\n  title FROM events");
});

test("a query can be given up", async () => {
  answers = (_, signal) =>
    new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(new DOMException("given up", "AbortError")));
    });
  const user = await open("/sql?query=SELECT%201");
  await field();
  await user.click(button("Run"));
  await user.click(await screen.findByRole("button", { name: "Cancel" }));
  await screen.findByText("Given up");
  expect(screen.queryByRole("alert")).toBeNull();
});

test("names are completed, and tables put theirs where the caret is", async () => {
  const user = await open("/sql?query=SELECT%20");
  const query = await field();
  await screen.findByRole("button", { name: "Insert title" });
  await user.click(query);
  await user.type(query, "ti{Tab}");
  await waitFor(() => expect(query.value).toBe("SELECT title"));
  await user.type(query, ", ");
  await user.click(screen.getByRole("button", { name: "Insert user" }));
  expect(query.value).toBe('SELECT title, "user"');
});

test("queries that were kept or run come back", async () => {
  const user = await open("/sql?query=SELECT%201");
  await field();
  await user.click(button("Run"));
  await screen.findByRole("region", { name: "Answer" });
  await user.click(button("Save"));
  await user.type(screen.getByRole("textbox", { name: "Name of the query" }), "One{Enter}");
  const query = await field();
  await user.clear(query);
  await user.click(button("Saved"));
  await user.click(screen.getByRole("button", { name: /^One/ }));
  expect(query.value).toBe("SELECT 1");
  await user.click(button("History"));
  screen.getByRole("button", { name: /^SELECT 1/ });
  await user.click(button("Saved"));
  await user.click(button("Forget One"));
  expect(screen.queryByRole("button", { name: /^One/ })).toBeNull();
});
