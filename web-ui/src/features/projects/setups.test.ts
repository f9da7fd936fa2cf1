import { expect, test } from "vitest";
import { platformName, platforms, setupFor, setupsFor } from "./setups";

const target = { dsn: "https://KEY@errors.example/7", publicKey: "KEY", url: "https://errors.example" };

test("every set-up can be followed: an install or a call, the key, and something that fails", () => {
  const setups = setupsFor(target);
  expect(new Set(setups.map(({ id }) => id)).size).toBe(setups.length);
  for (const { id, steps } of setups) {
    const text = steps.map((step) => step.text).join("\n");
    expect(text, id).toMatch(/KEY/);
    expect(steps.length, id).toBeGreaterThan(0);
    expect(text, id).not.toMatch(/undefined|\[object/);
    if (!["opentelemetry", "curl", "errata"].includes(id)) expect(text, id).toContain(target.dsn);
  }
});

test("what is on a package registry comes first, the own SDK last", () => {
  expect(platforms[0]?.[0]).toBe("browser");
  expect(platforms.at(-1)?.[0]).toBe("errata");
  expect(setupsFor(target)[0]?.steps[0]?.text).toBe("npm install @sentry/browser");
});

test.each([
  ["", "browser", ""],
  ["javascript", "browser", "Browser"],
  ["node", "node", "Node.js"],
  ["python", "python", "Python"],
  ["django", "django", "Django"],
  ["csharp", "dotnet", ".NET"],
  ["rust", "rust", "Rust"],
  ["cobol", "browser", "cobol"],
])("a project of %s opens %s", (platform, id, name) => {
  expect(setupFor(platform)).toBe(id);
  expect(platformName(platform)).toBe(name);
});
