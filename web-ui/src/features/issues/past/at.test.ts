import { expect, test } from "vitest";
import { agoAt, instantOf, localText, shownAt } from "./at";

const NOW = Date.parse("2026-11-30T12:34:56Z");

test("ago is to the minute", () => {
  expect(agoAt(3_600_000, NOW)).toBe("2026-11-30T11:34:00.000Z");
});

test("a local time is the instant it stands for, unless it is to come", () => {
  const local = localText("2026-11-03T14:00:00Z");
  expect(instantOf(local, NOW)).toBe("2026-11-03T14:00:00.000Z");
  expect(instantOf("", NOW)).toBe("");
  expect(instantOf(localText("2026-12-01T00:00:00Z"), NOW)).toBe("");
});

test("what is no time stands as it was given", () => {
  expect(shownAt("-24h")).toBe("-24h");
  expect(localText("noon")).toBe("");
});
