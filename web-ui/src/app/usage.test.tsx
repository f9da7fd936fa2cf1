// How much of a project's plan is used, as its page tells it.
import { screen, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { PlanKind, type GetUsageResponseSchema } from "@/gen/errata/v1/limits_pb";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { open, SHOP } from "@/testing/app";
import { server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const { getUsage, getOrganizationUsage, getProject } = ProjectService.method;
type Answer = MessageInitShape<typeof GetUsageResponseSchema>;
type Usage = NonNullable<Answer["projects"]>[number];

const hours = [
  { beginsAt: { seconds: 1_795_341_600n }, stored: 400n },
  { beginsAt: { seconds: 1_795_345_200n }, stored: 1_000n, limited: 250n },
];
const pro = { kind: PlanKind.PRO, eventsPerHour: 10_000n };
const free = { kind: PlanKind.FREE, eventsPerHour: 1_000n };
const none = { kind: PlanKind.UNLIMITED };

async function shown(usage: Usage, { enabled = true, shared = {} }: { enabled?: boolean; shared?: Usage } = {}) {
  server.on(getProject, () => ({ project: SHOP }));
  server.on(getUsage, () => ({ enabled, projects: [{ hours, ...usage }] }));
  server.on(getOrganizationUsage, () => ({ enabled, usage: shared }));
  await open("/projects/1");
  const section = await screen.findByRole("region", { name: "Usage" });
  await within(section).findByRole("img");
  return section;
}

test.each([
  [{ plan: none }, {}, [/^No quota: nothing is turned away/], []],
  [{ plan: none }, { enabled: false }, [/switched off on this server/, /^No quota/], []],
  [
    { plan: none },
    { shared: { plan: pro, used: 3_200n } },
    [/^No quota of its own/, /All projects together 3,200 of 10,000 errors \(32%\)/],
    ["some"],
  ],
  [{ plan: free, used: 400n }, {}, [/This hour 400 of 1,000 errors \(40%\)/, /^Free plan: 1,000 an hour/], ["some"]],
  [{ plan: free, used: 850n }, {}, [/nearly used up/], ["near"]],
  [{ plan: free, used: 1_000n }, {}, [/used up: further ones are turned away/], ["full"]],
] as const)("of %o %o is told in words", async (usage, around, said, fills) => {
  const section = await shown(usage, around);
  for (const words of said) {
    const found = (_: string, element: Element | null) =>
      element?.tagName === "P" && words.test(element.textContent.replace(/\s+/g, " "));
    expect(await within(section).findByText(found)).toBeTruthy();
  }
  expect(
    within(section)
      .queryAllByRole("meter")
      .map((each) => each.dataset["fill"]),
  ).toEqual(fills);
});

test("the hours show what was turned away, and the quota as a line", async () => {
  const section = await shown({ plan: free, used: 1_000n });
  expect(within(section).getByRole("img").getAttribute("aria-label")).toBe(
    "Errors by the hour: 1,650 errors, at most 1,250 in a bucket, limit 1,000",
  );
  expect(section.querySelector("line[stroke-dasharray]")).toBeTruthy();
  within(section).getByText("turned away");
});

test("a quota far above all hours is told, not drawn", async () => {
  const section = await shown({ plan: { kind: PlanKind.ENTERPRISE, eventsPerHour: 1_000_000n } });
  expect(section.querySelector("line[stroke-dasharray]")).toBeNull();
  await within(section).findByText(/Enterprise plan: 1,000,000 an hour/);
});
