// The rules' editor while the server cannot tell what they do.
import { Code, ConnectError } from "@connectrpc/connect";
import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { GroupingService } from "@/gen/errata/v1/grouping_pb";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { ProjectSettingsService } from "@/gen/errata/v1/settings_pb";
import { open, SHOP } from "@/testing/app";
import { server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

test("a check that fails is said once, and not asked again and again", async () => {
  server.on(ProjectService.method.getProject, () => ({ project: SHOP, keys: [] }));
  server.on(ProjectSettingsService.method.getProjectSettings, () => ({ filters: {}, scrubbing: {} }));
  server.on(GroupingService.method.checkRules, () =>
    Promise.reject(new ConnectError("too many at once", Code.Unavailable)),
  );
  await open("/projects/1/settings");
  expect((await screen.findByRole("alert")).textContent).not.toBe("");
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(server.asked(GroupingService.method.checkRules).length).toBeLessThanOrEqual(2);
});
