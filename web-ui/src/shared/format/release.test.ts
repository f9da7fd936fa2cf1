import { expect, test } from "vitest";
import { cutMiddle, shortRelease } from "./release";

test.each([
  ["shop@4.21.0", "shop", "4.21.0"],
  ["Shop@4.21.0", "shop", "4.21.0"],
  ["shop@4.21.0", "other", "shop@4.21.0"],
  ["1.2.3", "", "1.2.3"],
  ["3f9a1c0d3f9a1c0d3f9a1c0d3f9a1c0d3f9a1c0d", "shop", "3f9a1c0d"],
  ["shop@3f9a1c0d3f9a1c0d3f9a1c0d3f9a1c0d3f9a1c0d", "web", "shop@3f9a1c0d"],
  ["payments-api@2026.11.28-rc.1+build.7", "web", "payments…-rc.1+build.7"],
])("%s in %s is shown as %s", (release, project, expected) => {
  expect(shortRelease(release, project)).toBe(expected);
});

test("a long name keeps its beginning and more of its end, whole characters both", () => {
  expect(cutMiddle("a".repeat(200), 20)).toHaveLength(20);
  expect(cutMiddle("payments-api@2026.11.28-build.1841", 20)).toBe("payment…8-build.1841");
  expect(cutMiddle("😀".repeat(30), 5)).toBe("😀…😀😀😀");
  expect(cutMiddle("short", 5)).toBe("short");
});
