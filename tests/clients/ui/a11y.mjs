// No page has a fault that axe finds: each in both schemes, at both sizes, menus and
// dialogs open.
import assert from "node:assert/strict";
import { faults } from "./axe.mjs";
import { PHONE, WIDE, at, scenario } from "./scenario.mjs";
import { send, events } from "./events.mjs";

await scenario(
  "a11y",
  async ({ page, shot }) => {
    const event = await send(at.url, at.key, events["python-django"]);
    let issue = "";
    while (issue === "") {
      const answer = await page.request.get(`${at.url}/api/errors/${event}`);
      if (answer.ok()) issue = (await answer.json()).issue_id ?? "";
    }
    const pages = {
      issues: { path: "/issues?range=30d", ready: () => page.locator("a[data-issue]").first() },
      "issues-empty": {
        path: "/issues?q=no-such-issue-anywhere",
        ready: () => page.getByRole("heading", { level: 2 }).first(),
      },
      issue: {
        path: `/issues/${issue}/events/${event}`,
        ready: () => page.locator("article pre").first(),
        open: ["More to do with this issue", "Copy", "Order: Newest first", "Assign"],
      },
      "issue-events": {
        path: `/issues/${issue}/events`,
        ready: () => page.getByRole("row").nth(1),
        open: ["Release: Any release", "Environment: Any environment"],
      },
      "issue-missing": { path: "/issues/ffffffffffffffff", ready: () => page.getByRole("heading", { level: 1 }) },
      dashboard: { path: "/dashboard?range=30d", ready: () => page.locator("main").getByRole("region").first() },
      projects: { path: "/projects", ready: () => page.locator("main a").first() },
      project: { path: "/projects/1", ready: () => page.getByRole("heading", { level: 1 }) },
      ingestion: { path: "/projects/1/ingestion", ready: () => page.getByRole("heading", { level: 1 }) },
      "set-up": { path: "/projects/1/set-up", ready: () => page.getByRole("region", { name: "DSN" }) },
      alerts: { path: "/alerts", ready: () => page.getByRole("heading", { level: 1 }) },
      "project-settings": { path: "/projects/1/settings", ready: () => page.getByRole("heading", { level: 1 }) },
      settings: { path: "/settings", ready: () => page.getByRole("heading", { level: 1 }) },
      ...Object.fromEntries(
        ["members", "tokens", "sessions", "appearance"].map((section) => [
          `settings-${section}`,
          { path: `/settings/${section}`, ready: () => page.locator("main").getByRole("region").first() },
        ]),
      ),
      lost: { path: "/no/such/page", ready: () => page.getByText("There is no such page") },
    };
    const found = [];
    const note = (where, list) => found.push(...list.map((each) => `${where}: ${each}`));
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      for (const [index, [name, { path, ready, open = [] }]] of Object.entries(pages).entries()) {
        // Every page in both schemes and at both sizes, but not in all four pairs: those
        // take twice the time.
        const size = (scheme === "light") === (index % 2 === 0) ? "wide" : "phone";
        await page.setViewportSize(size === "wide" ? WIDE : PHONE);
        await page.goto(at.url + path);
        await ready().waitFor();
        note(`${name} ${scheme} ${size}`, await faults(page));
        // Whatever opens a menu, opens it.
        const buttons = [
          ...open.map((each) => page.getByRole("button", { name: each, exact: true })),
          ...(name === "issues" || name === "dashboard"
            ? await page.locator("[aria-haspopup='menu'], [aria-haspopup='dialog']").all()
            : []),
        ];
        for (const button of buttons) {
          if (!(await button.isVisible())) continue;
          const label = await button.evaluate((each) => each.getAttribute("aria-label") ?? each.textContent);
          await button.click();
          await page.locator("[role='menu'], [role='dialog'], [role='listbox']").first().waitFor();
          note(`${name} with ${label} ${scheme} ${size}`, await faults(page));
          await page.keyboard.press("Escape");
          await page.locator("[role='menu'], [role='dialog'], [role='listbox']").first().waitFor({ state: "detached" });
        }
        if (name === "issues" || name === "issue") {
          await page.locator("h1").first().click();
          await page.keyboard.press("?");
          await page.getByRole("dialog").waitFor();
          note(`${name} with its keys ${scheme} ${size}`, await faults(page));
          await page.keyboard.press("Escape");
          await page.getByRole("dialog").waitFor({ state: "detached" });
        }
        await shot(`${name}-${scheme}-${size}`);
      }
    }
    const rules = [...new Set(found)].sort();
    assert.equal(rules.length, 0, `${rules.length} faults:\n${rules.join("\n")}`);
  },
  { expected: [/404/] },
);
