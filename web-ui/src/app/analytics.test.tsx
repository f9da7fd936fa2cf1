// Analytics, events and releases as their pages tell them, and the lists their figures open.
import { screen, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { EventService } from "@/gen/errata/v1/event_read_pb";
import { HealthService } from "@/gen/errata/v1/health_pb";
import { StatsService } from "@/gen/errata/v1/stats_pb";
import { address, open } from "@/testing/app";
import { server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const { queryStats, getReport, listEventFacets } = StatsService.method;
const at = (seconds: number) => ({ seconds: BigInt(seconds) });
const T0 = 1_795_341_600;
const line = (value: string, term: string, events: bigint) => ({
  value,
  label: value,
  term,
  events,
  errors: events,
  users: 3n,
  counts: [events, 0n],
  userCounts: [3n, 0n],
});

function answers() {
  server.on(getReport, () => ({
    range: {
      from: at(T0),
      to: at(T0 + 86_400),
      issues: 12n,
      newIssues: 4n,
      escalatingIssues: 2n,
      resolvedIssues: 3n,
      resolveMedianS: 5_400n,
      resolvedFrom: at(T0 - 7_689_600),
      resolvedTo: at(T0 + 86_400),
    },
    before: { issues: 50n, newIssues: 40n },
  }));
  server.on(queryStats, ({ groupBy }) => ({
    range: {
      starts: [at(T0), at(T0 + 3600)],
      to: at(T0 + 7200),
      total: line("", "", 60n),
      groups: groupBy === "" ? [] : [line(`${groupBy} one`, `${groupBy}:"one"`, 40n), line("", `!has:${groupBy}`, 20n)],
    },
    before: { total: line("", "", 30n), groups: [line("", "", 10n), line("", "", 20n)] },
    values: 1,
    interval: "1h",
  }));
}

test("each figure opens the list that it counts", async () => {
  answers();
  await open("/analytics?range=7d&q=browser:Safari");
  const numbers = await screen.findByRole("list", { name: "Numbers of the time chosen" });
  const figure = async (name: string) => (await within(numbers).findByRole("link", { name })).getAttribute("href");
  await within(numbers).findByLabelText("60 events");
  expect(await figure("Events")).toBe("/events?range=7d&q=browser%3ASafari");
  expect(await figure("New")).toBe("/issues?range=7d&status=all&is=new&sort=first_seen");
  expect(await figure("Escalating")).toBe("/issues?range=7d&status=all&q=is%3Aescalating");
  const resolved = new URL((await figure("Resolved")) ?? "", "http://x");
  expect(resolved.searchParams.get("q")).toBe("resolved:>=2026-11-22T10:00:00Z resolved:<2026-11-23T10:00:00Z");
  expect(resolved.searchParams.get("from")).toBe("2026-08-25T10:00Z");
  within(numbers).getByText("1 h 30 m");
  within(numbers).getByText("+100% against the time before");
});

test("a value opens its events, those that have none theirs", async () => {
  answers();
  await open("/analytics?by=release");
  const section = await screen.findByRole("region", { name: "Events over time" });
  const one = await within(section).findByRole("link", { name: "release one" });
  expect(one.getAttribute("href")).toBe("/events?q=release%3A%22one%22");
  const none = within(section).getByRole("link", { name: "(none)" });
  expect(none.getAttribute("href")).toBe("/events?q=%21has%3Arelease");
  // Of the time before, so many a bucket.
  expect(section.querySelector("svg[role=img] path")).toBeTruthy();
});

test("a facet is added to the query, and taken away again", async () => {
  server.on(listEventFacets, () => ({
    range: { starts: [at(T0)], to: at(T0 + 3600), total: line("", "", 5n) },
    facets: [
      {
        field: "release",
        count: 5n,
        distinct: 1,
        values: [{ value: "shop@1", label: "shop@1", term: "release:shop@1", count: 5n }],
      },
    ],
  }));
  server.on(EventService.method.listEvents, () => ({
    events: [{ id: "a".repeat(32), issueId: "b".repeat(16), projectId: 1, type: "TypeError", message: "boom" }],
    total: 5n,
    totalErrors: 5n,
  }));
  const user = await open("/events?q=boom");
  if (!screen.queryByRole("complementary")) await user.click(await screen.findByRole("button", { name: "Facets" }));
  await user.click(await screen.findByRole("button", { name: /shop@1/ }));
  expect(address()).toBe("/events?q=boom+release%3Ashop%401");
  await screen.findByRole("link", { name: "TypeError: boom" });
  const pressed = await screen.findByRole("button", { name: /shop@1/, pressed: true });
  await user.click(pressed);
  expect(address()).toBe("/events?q=boom");
  const asked = server.asked(EventService.method.listEvents).map(({ query }) => query);
  expect(asked).toEqual(["boom", "boom release:shop@1"]);
});

test("all that is found can be saved in three forms", async () => {
  const user = await open("/events?q=boom");
  await user.click(await screen.findByRole("button", { name: "Export all that is found" }));
  const items = await screen.findAllByRole("menuitem");
  expect(items.map((item) => item.textContent)).toEqual(["JSON lines", "CSV", "Parquet"]);
  const address = new URL(items[1]?.getAttribute("href") ?? "", "http://errata.test");
  expect(address.pathname).toBe("/api/errors/export");
  expect(address.searchParams.get("query")).toBe("boom");
  expect(address.searchParams.get("format")).toBe("csv");
});

test("releases tell adoption and crash-free shares, and open their issues", async () => {
  server.on(HealthService.method.listReleases, () => ({
    total: 1,
    releases: [
      {
        projectId: 1,
        version: "shop@2",
        events: 7n,
        newIssues: 2n,
        sessions: { started: 500n, crashed: 5n, users: 100n, crashedUsers: 4n },
        projectSessions: 1000n,
      },
    ],
  }));
  await open("/releases");
  const row = await screen.findByRole("row", { name: /shop@2/ });
  within(row).getByText("50%");
  within(row).getByText("99.00%");
  within(row).getByText("96.00%");
  expect(
    within(row)
      .getAllByRole("link")
      .map((each) => each.getAttribute("href")),
  ).toEqual([
    "/releases/1/shop%402",
    "/events?project=1&q=release%3A%22shop%402%22",
    "/issues?project=1&range=90d&status=all&q=first_release%3A%22shop%402%22",
  ]);
});
