// After an upgrade the code of a page is gone from the server, and networks go away: no
// page stays blank, and each heals by itself where that can help.
import assert from "node:assert/strict";
import { at, scenario } from "./scenario.mjs";

/** Pages, each from another one: where the link is, and what tells that it is there. */
const pages = [
  {
    from: "/issues?range=30d",
    chunk: /DashboardPage-/,
    open: (page) => page.getByRole("link", { name: "Dashboard" }).first(),
    there: (page) => page.getByRole("heading", { name: "Dashboard", level: 1 }),
  },
  {
    from: "/dashboard",
    chunk: /ProjectsPage-/,
    open: (page) => page.getByRole("link", { name: "Projects", exact: true }).first(),
    there: (page) => page.getByRole("heading", { name: "Projects", level: 1 }),
  },
  {
    from: "/issues?range=30d",
    chunk: /IssuePage-/,
    open: (page) => page.locator("a[data-issue]").first(),
    there: (page) => page.getByRole("navigation", { name: "Parts of the issue" }),
  },
  {
    from: "/issues?range=30d",
    chunk: /Overview-/,
    open: (page) => page.locator("a[data-issue]").first(),
    there: (page) => page.locator("article").first(),
  },
];

await scenario(
  "chunks",
  async ({ page, context, shot }) => {
    let loads = 0;
    page.on("request", (request) => {
      if (request.isNavigationRequest()) loads += 1;
    });
    for (const { from, chunk, open, there } of pages) {
      // Missing until it is loaded again: the page loads again by itself, and stands where one wanted to go.
      await page.goto(at.url + from);
      await open(page).waitFor();
      loads = 0;
      await context.route(chunk, (route) =>
        loads === 0 ? route.fulfill({ status: 404, body: "" }) : route.continue(),
      );
      await open(page).click();
      await there(page).waitFor();
      assert.equal(loads, 1, `${chunk} healed by a load: loaded again ${loads} times`);
      await context.unroute(chunk);

      // Missing for good: once again, then it is said, with a way on.
      await page.goto(at.url + from);
      await open(page).waitFor();
      await context.route(chunk, (route) => route.fulfill({ status: 404, body: "" }));
      loads = 0;
      await open(page).click();
      const retry = page.getByRole("button", { name: "Retry" }).first();
      await retry.waitFor();
      assert.equal(loads, 1, `${chunk} missing for good: loaded again ${loads} times`);
      assert.ok((await page.locator("main").innerText()).includes("could not be loaded"));
      await shot("missing");
      await context.unroute(chunk);
      await retry.click();
      await there(page).waitFor();
    }

    // Without a network it is said in the top bar, and the page comes with it.
    await page.goto(`${at.url}/issues?range=30d`);
    await page.locator("a[data-issue]").first().waitFor();
    await context.route(/SettingsPage-/, (route) => route.abort("internetdisconnected"));
    await context.setOffline(true);
    await page.getByText("Offline", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Settings" }).first().click();
    await page.getByRole("heading", { name: "You are offline" }).waitFor();
    await shot("offline");
    await context.unroute(/SettingsPage-/);
    await context.setOffline(false);
    await page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
    assert.equal(await page.getByText("Offline", { exact: true }).count(), 0);

    // What is not there offers the list, and no second try.
    await page.goto(`${at.url}/issues/ffffffffffffffff`);
    await page.getByRole("link", { name: "Go to the issues" }).waitFor();
    assert.equal(await page.getByRole("button", { name: /try|retry/i }).count(), 0);
    await page.getByRole("link", { name: "Go to the issues" }).click();
    await page.waitForURL(/\/issues$/);
  },
  {
    expected: [/404/, /ERR_INTERNET_DISCONNECTED/, /Failed to fetch dynamically imported module/, /Unable to preload/],
  },
);
