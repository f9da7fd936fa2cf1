// Every form: what it lets one send, that it sends once however often it is pressed, and
// that what the server refuses is said at the field, with what was typed still in it.
import { Code, ConnectError } from "@connectrpc/connect";
import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import { AccountService } from "@/gen/errata/v1/account_pb";
import { CommandService, Role } from "@/gen/errata/v1/command_pb";
import { PlanKind } from "@/gen/errata/v1/limits_pb";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { ProjectSettingsService } from "@/gen/errata/v1/settings_pb";
import { ADA, address, BOB, button, notices, open, SHOP } from "@/testing/app";
import { held, server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const commands = CommandService.method;
const KEY = { publicKey: "5d1f0c6e2b7a49388e4c1a9d60b3f7e2", label: "web", dsn: "http://x@127.0.0.1/1", enabled: true };

/** What the server says of a field. */
const refusal = (field: string, message: string) =>
  new ConnectError(`${field}: ${message}`, Code.InvalidArgument, { "errata-field": field });

function known() {
  server.on(ProjectService.method.getProject, () => ({ project: SHOP, keys: [KEY] }));
  server.on(AccountService.method.listKeys, () => ({ keys: [KEY] }));
  server.on(ProjectSettingsService.method.getProjectSettings, () => ({ filters: {}, scrubbing: {} }));
  server.on(ProjectService.method.getUsage, () => ({ enabled: true, projects: [{ plan: { kind: PlanKind.PRO } }] }));
  server.on(AccountService.method.listUsers, () => ({ users: [ADA, BOB] }));
}

interface Form {
  path: string;
  /** What is pressed to have the form. */
  opened?: (user: ReturnType<typeof userEvent.setup>) => Promise<void>;
  /** Of the field; the list of matches has one that can be seen. */
  field: string;
  /** What is typed, and what the command holds then. */
  typed: string;
  sent: object;
  action: string;
  method: (typeof commands)[keyof typeof commands] | typeof ProjectSettingsService.method.setFilters;
  /** The field as the server calls it. */
  refused: string;
  answer?: object;
  /** Where one is then, if elsewhere. */
  leadsTo?: string;
}

const forms: Record<string, Form> = {
  "a project's name": {
    path: "/projects/1/settings",
    field: "Name",
    typed: "shop-2",
    sent: { projectId: 1, name: "shop-2" },
    action: "Save project",
    method: commands.renameProject,
    refused: "name",
  },
  "a project's filters": {
    path: "/projects/1/settings",
    field: "Releases",
    typed: "shop@*",
    sent: { projectId: 1, filters: { releases: ["shop@*"] } },
    action: "Save filters",
    method: ProjectSettingsService.method.setFilters,
    refused: "filters.releases[0]",
  },
  "a new key": {
    path: "/projects/1/settings",
    field: "What the new key is for",
    typed: "mobile",
    sent: { projectId: 1, label: "mobile" },
    action: "Create key",
    method: commands.createKey,
    refused: "label",
  },
  "a key's name": {
    path: "/projects/1/settings",
    opened: async (user) => user.click(await screen.findByRole("button", { name: "Rename the key web" })),
    field: "Name of the key",
    typed: "checkout",
    sent: { projectId: 1, publicKey: KEY.publicKey, label: "checkout" },
    action: "Save",
    method: commands.renameKey,
    refused: "label",
  },
  "a key's limit": {
    path: "/projects/1/settings",
    opened: async (user) => user.click(await screen.findByRole("button", { name: "Limit the key web" })),
    field: "Items that the key may store in a minute; empty: no limit",
    typed: "600",
    sent: { projectId: 1, publicKey: KEY.publicKey, itemsPerMinute: 600 },
    action: "Save",
    method: commands.setKeyLimit,
    refused: "items_per_minute",
  },
  "a project's quota": {
    path: "/projects/1/settings",
    opened: async (user) => user.selectOptions(await screen.findByLabelText("Plan"), String(PlanKind.ENTERPRISE)),
    field: "Errors an hour",
    typed: "50000",
    sent: { projectId: 1, plan: { kind: PlanKind.ENTERPRISE, eventsPerHour: 50_000n } },
    action: "Save quota",
    method: commands.setPlan,
    refused: "plan.events_per_hour",
  },
  "a new project": {
    path: "/projects",
    opened: async (user) => user.click(await screen.findByRole("button", { name: "New project" })),
    field: "Name",
    typed: "shop-api",
    sent: { name: "shop-api", platform: "browser" },
    action: "Create project",
    method: commands.createProject,
    refused: "name",
    answer: { projectId: 1 },
    leadsTo: "/projects/1",
  },
  "an invitation": {
    path: "/settings/members",
    field: "E-mail of the new member",
    typed: "eve@example.org",
    sent: { email: "eve@example.org", role: Role.MEMBER },
    action: "Invite",
    method: commands.createUser,
    refused: "email",
    answer: { passwordLink: "http://x/welcome#secret" },
  },
  "a token": {
    path: "/settings/tokens",
    field: "What the token is for",
    typed: "nightly",
    sent: { label: "nightly", expiresInDays: 90 },
    action: "Create token",
    method: commands.createToken,
    refused: "label",
    answer: { token: "secret" },
  },
  "one's name": {
    path: "/settings",
    field: "Name",
    typed: "Countess",
    sent: { name: "Countess" },
    action: "Save name",
    method: commands.renameUser,
    refused: "name",
  },
};

describe.each(Object.entries(forms))("%s", (_, form) => {
  const field = () => screen.getByLabelText<HTMLInputElement>(form.field, { selector: "input, textarea" });
  const method = form.method as typeof commands.createKey;

  async function openAndType() {
    known();
    const user = await open(form.path);
    await form.opened?.(user);
    await screen.findByLabelText(form.field, { selector: "input, textarea" });
    await user.clear(field());
    await user.type(field(), form.typed);
    return user;
  }

  test("is sent once, however often it is pressed, and said to be done", async () => {
    const command = held<object>();
    server.on(method, () => command.answer);
    await openAndType();
    act(() => {
      for (let press = 0; press < 3; press += 1) button(form.action).click();
    });
    await waitFor(() => expect(server.asked(method)).toHaveLength(1));
    expect(server.asked(method)[0]).toMatchObject(form.sent);
    command.give({ position: "1", ...form.answer });
    if (form.leadsTo) await waitFor(() => expect(address()).toBe(form.leadsTo));
    else await waitFor(() => expect(notices().length + screen.queryAllByRole("status").length).toBeGreaterThan(0));
    expect(server.asked(method)).toHaveLength(1);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  test("that is refused says so at the field, which keeps what was typed, and can be sent again", async () => {
    server.on(method, () => Promise.reject(refusal(form.refused, "is not good enough")));
    const user = await openAndType();
    await user.click(button(form.action));
    const said = await screen.findByRole("alert");
    expect(said.textContent).toMatch(/is not good enough/i);
    expect(field().value).toBe(form.typed);
    expect(field().getAttribute("aria-invalid")).toBe("true");
    expect(field().getAttribute("aria-describedby")).toBe(said.id);
    expect(said.id).not.toBe("");
    server.on(method, () => ({ position: "1", ...form.answer }));
    await user.click(button(form.action));
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
    expect(server.asked(method)).toHaveLength(2);
  });
});

test.each([
  ["/projects/1/settings", "Name", "  ", "Save project"],
  ["/settings/members", "E-mail of the new member", "eve", "Invite"],
  ["/settings/tokens", "What the token is for", " ", "Create token"],
  ["/settings", "New password", "short", "Change password"],
])("on %s %s cannot be %o", async (path, field, typed, action) => {
  known();
  const user = await open(path);
  const input = await screen.findByLabelText(field, { selector: "input" });
  await user.clear(input);
  await user.type(input, typed);
  expect(button(action).matches(":disabled")).toBe(true);
});

test("a member sees the settings of a project, and no way to change them", async () => {
  known();
  server.on(ProjectService.method.getViewer, () => ({ viewer: BOB }));
  await open("/projects/1/settings");
  await screen.findByText("Only an owner can change what is here.");
  await screen.findByText("web");
  expect(screen.queryByRole("button", { name: /key/ })).toBeNull();
  expect(screen.getByLabelText("Releases").matches(":disabled")).toBe(true);
});

const post = vi.fn<(path: string, init: RequestInit) => Promise<Response>>();
const answer = (status: number, error: object | null = null, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(error ? { error } : {}), { status, headers });

afterEach(() => post.mockReset());

describe("the link of an invitation", () => {
  const link = (state: object) => new Response(JSON.stringify(state), { status: 200 });
  const sent = () => post.mock.calls.map(([path, init]) => [path, JSON.parse(init.body as string) as unknown]);

  async function follow(path: string, state: object) {
    vi.spyOn(globalThis, "fetch").mockImplementation(post as typeof fetch);
    post.mockResolvedValueOnce(link(state));
    return open(path);
  }

  test.each([
    [
      { state: "open", email: "eve@example.org" },
      { secret: "s3", password: "a long sentence" },
    ],
    [
      { state: "open", needs_email: true },
      { secret: "s3", email: "ada@example.org", password: "a long sentence" },
    ],
  ])("of %o sets the password once, and signs in", async (state, expected) => {
    const user = await follow("/welcome#s3", state);
    const password = await screen.findByLabelText(/^Password/);
    if ("needs_email" in state) await user.type(screen.getByLabelText(/^E-mail/), "ada@example.org");
    await user.type(password, "short");
    expect(button("Set password and sign in").matches(":disabled")).toBe(true);
    await user.clear(password);
    await user.type(password, "a long sentence");
    post.mockResolvedValue(answer(200));
    const form = password.closest("form") as HTMLFormElement;
    act(() => {
      fireEvent.submit(form);
      fireEvent.submit(form);
    });
    await waitFor(() => expect(address()).toBe("/issues"));
    expect(sent()).toEqual([
      ["/auth/link", { secret: "s3" }],
      ["/auth/set-password", expected],
    ]);
  });

  test("that is refused says so at the field, with what was typed still in it", async () => {
    const user = await follow("/welcome#s3", { state: "open", email: "eve@example.org" });
    await user.type(await screen.findByLabelText(/^Password/), "a long sentence");
    post.mockResolvedValue(answer(400, { message: "is among the leaked ones", field: "password" }));
    await user.click(button("Set password and sign in"));
    const field = await screen.findByLabelText<HTMLInputElement>(/^Password/);
    await waitFor(() => expect(field.getAttribute("aria-invalid")).toBe("true"));
    expect(field.value).toBe("a long sentence");
  });

  test.each([
    ["/welcome#s3", { state: "used" }, "This link was used"],
    ["/welcome#s3", { state: "replaced" }, "There is a newer link"],
    ["/welcome#s3", { state: "expired" }, "This link has expired"],
    ["/welcome#s3", { state: "unknown" }, "This link is not known"],
    ["/welcome", {}, "This link is incomplete"],
  ])("%s in the state %o says what to do", async (path, state, title) => {
    await follow(path, state);
    await screen.findByRole("heading", { name: title });
    expect(screen.queryByLabelText(/^Password/)).toBeNull();
    expect(screen.getByText("Go to sign-in").getAttribute("href")).toBe("/sign-in");
  });
});

describe("signing in", () => {
  async function openForm(path = "/sign-in") {
    vi.spyOn(globalThis, "fetch").mockImplementation(post as typeof fetch);
    await open(path);
    await screen.findByLabelText("E-mail");
    const user = userEvent.setup();
    expect(button("Sign in").matches(":disabled")).toBe(true);
    await user.type(screen.getByLabelText("E-mail"), " ada@example.org ");
    await user.type(screen.getByLabelText(/^Password/), "a long sentence");
    return user;
  }
  const form = () => button(/Sign/).closest("form") as HTMLFormElement;

  test("is sent once, and leads to where one wanted to go", async () => {
    post.mockResolvedValue(answer(200));
    await openForm("/sign-in?next=%2Fissues%3Flevel%3Dfatal");
    act(() => {
      fireEvent.submit(form());
      fireEvent.submit(form());
    });
    await waitFor(() => expect(address()).toBe("/issues?level=fatal"));
    expect(post.mock.calls.map(([path, init]) => [path, init.body])).toEqual([
      ["/auth/sign-in", JSON.stringify({ email: "ada@example.org", password: "a long sentence" })],
    ]);
  });

  test.each([
    [401, { message: "unknown" }, {}, "E-mail and password do not match."],
    [429, { message: "too many" }, { "retry-after": "42" }, "Too many failed sign-ins. Try again in 42 s."],
    [503, { message: "the disk is full" }, {}, "The disk is full."],
  ])("that is answered %i says what to do, and keeps what was typed", async (status, error, headers, said) => {
    post.mockResolvedValue(answer(status, error, headers));
    const user = await openForm();
    await user.click(button("Sign in"));
    expect((await screen.findByRole("alert")).textContent).toBe(said);
    expect(screen.getByLabelText<HTMLInputElement>(/^Password/).value).toBe("a long sentence");
    expect(button("Sign in").matches(":disabled")).toBe(status === 429);
  });

  test("that is refused for a field says so there", async () => {
    post.mockResolvedValue(answer(400, { message: "is too long", field: "email" }));
    const user = await openForm();
    await user.click(button("Sign in"));
    const field = await screen.findByLabelText(/^E-mail/);
    await waitFor(() => expect(field.getAttribute("aria-invalid")).toBe("true"));
    const note = document.getElementById(field.getAttribute("aria-describedby") ?? "");
    expect(note?.textContent).toMatch(/is too long/i);
    expect(screen.queryByRole("alert")).toBeNull();
  });
});
