// How long events of a project are kept, in its settings.
import { Code, ConnectError } from "@connectrpc/connect";
import { screen, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { ProjectSettingsService } from "@/gen/errata/v1/settings_pb";
import { RetentionSource, StatsService } from "@/gen/errata/v1/stats_pb";
import { BOB, button, notices, open, SHOP } from "@/testing/app";
import { server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const { getProjectSettings, setRetention } = ProjectSettingsService.method;
const { getRetention } = StatsService.method;
const { getProject, getViewer } = ProjectService.method;

const has = (retention: string[]) => {
  server.on(getProject, () => ({ project: SHOP, keys: [] }));
  server.on(getProjectSettings, () => ({ filters: {}, scrubbing: {}, retention }));
};

test("what would go is shown before rules are saved", async () => {
  const saved = ["level:debug 7d"];
  has(saved);
  server.on(getRetention, (request) => ({
    events: 100n,
    rules: [
      { rule: "level:info 9d", source: RetentionSource.CONFIGURATION, events: 1n, bytes: 10n },
      ...request.rules.map((rule) => ({ rule, source: RetentionSource.TRIED, events: 42n, bytes: 2048n })),
    ],
  }));
  server.on(setRetention, (request) => {
    saved.splice(0, saved.length, ...request.rules);
    return { position: "1" };
  });
  const user = await open("/projects/1/settings");
  const rules = await screen.findByLabelText("Rules of retention");
  expect((rules as HTMLTextAreaElement).value).toBe("level:debug 7d");
  await user.type(rules, "\n environment:staging 14d \n");
  await user.click(button("Show what would go now"));
  const list = await screen.findByRole("list", { name: "What would go" });
  const lines = within(list)
    .getAllByRole("listitem")
    .map((line) => line.textContent);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatch(/^project:1 environment:staging 14d: 42/);
  await user.click(button("Save retention"));
  await vi.waitFor(() => expect(notices()).toEqual(["Retention saved"]));
  expect(server.asked(setRetention).map((request) => request.rules)).toEqual([
    ["level:debug 7d", "environment:staging 14d"],
  ]);
});

test("a rule that is refused says why, and nothing is said to be saved", async () => {
  has([]);
  server.on(setRetention, () => Promise.reject(new ConnectError('"7" is not for how long', Code.InvalidArgument)));
  const user = await open("/projects/1/settings");
  await user.type(await screen.findByLabelText("Rules of retention"), "level:debug 7");
  await user.click(button("Save retention"));
  expect((await screen.findByRole("alert")).textContent).toMatch(/for how long/);
  expect(notices()).toEqual([]);
});

test("a member has no rules to set", async () => {
  has(["level:debug 7d"]);
  server.on(getViewer, () => ({ viewer: BOB }));
  await open("/projects/1/settings");
  await screen.findByText("Only an owner can change what is here.");
  expect(screen.queryByRole("button", { name: "Save retention" })).toBeNull();
});
