// Rules of grouping: what is wrong is told at its line, and what was typed is not lost to
// what somebody else saves meanwhile.
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { projectKeys } from "@/features/projects/keys";
import { GroupingService } from "@/gen/errata/v1/grouping_pb";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { ProjectSettingsService } from "@/gen/errata/v1/settings_pb";
import { queryClient } from "@/shared/api/queryClient";
import { BOB, button, open, SHOP } from "@/testing/app";
import { server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const { getGroupingRules, setGroupingRules } = ProjectSettingsService.method;
const { checkRules } = GroupingService.method;

let version = 3;
let saved = "logger:a -> a";

async function opened() {
  version = 3;
  saved = "logger:a -> a";
  server.on(ProjectService.method.getProject, () => ({ project: SHOP }));
  server.on(getGroupingRules, () => ({
    version,
    text: saved,
    history: [{ version, actor: `user:${BOB.id}`, setAt: { seconds: 1n } }],
  }));
  server.on(checkRules, ({ text }) => ({
    rules: 1,
    faults: text.includes("eror")
      ? [{ line: 2, column: 1, message: "`eror` is nothing that can be matched", suggestion: "error.type:" }]
      : [],
  }));
  const user = await open("/projects/1/settings");
  const field = await screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Rules of grouping" });
  return { user, field };
}

const type = (field: HTMLElement, value: string) => fireEvent.change(field, { target: { value } });

async function savedByAnother(text: string) {
  version += 1;
  saved = text;
  await act(() => queryClient.invalidateQueries({ queryKey: projectKeys.groupingRules(1) }));
}

test("a fault stands beside its line, and leads there", async () => {
  const { user, field } = await opened();
  type(field, "logger:a -> a\neror:x -> b");
  const faults = await screen.findByRole("list", { name: "What cannot be read" });
  expect(within(faults).getByRole("listitem").textContent).toBe(
    "line 2, column 1eror is nothing that can be matched. Did you mean error.type:?",
  );
  expect([...document.querySelectorAll("[data-wrong=true]")].map((each) => each.textContent)).toEqual([
    "2",
    "eror:x -> b\n",
  ]);
  await user.click(button("line 2, column 1"));
  expect(document.activeElement).toBe(field);
  expect(field.selectionStart).toBe("logger:a -> a\n".length);
});

test("of ten thousand lines those in view are drawn", async () => {
  const { field } = await opened();
  type(field, Array.from({ length: 10_000 }, (_, index) => `logger:${index} -> ${index}`).join("\n"));
  expect(document.querySelectorAll("pre [data-wrong]").length).toBeLessThan(200);
  fireEvent.scroll(field, { target: { scrollTop: 19 * 5000 } });
  await screen.findByText("logger:5000 -> 5000");
});

test("rules that another saves meanwhile are told of, and what was typed stays until one says so", async () => {
  const { user, field } = await opened();
  await savedByAnother("logger:b -> b");
  await waitFor(() => expect(field.value).toBe("logger:b -> b"));
  type(field, "logger:mine -> mine");
  await savedByAnother("logger:c -> c");
  await screen.findByText(/Other rules were saved meanwhile, as version 5/);
  expect(field.value).toBe("logger:mine -> mine");
  await user.click(button("Keep mine"));
  server.on(setGroupingRules, ({ text }) => {
    saved = text;
    version += 1;
    return { position: "9" };
  });
  await user.click(button("Save rules"));
  await waitFor(() =>
    expect(server.asked(setGroupingRules)).toMatchObject([{ text: "logger:mine -> mine", expectedVersion: 5 }]),
  );
  await waitFor(() => expect(button("Save rules")).toHaveProperty("disabled", true));
  expect(screen.queryByText(/saved meanwhile/)).toBeNull();
  expect(screen.getByText(BOB.email)).toBeTruthy();
});
