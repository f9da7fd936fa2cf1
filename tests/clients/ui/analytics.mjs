// Every figure of the analytics page, and every value of its tables and of the facets beside
// a list, opens a list of exactly so many.
import assert from "node:assert/strict";
import { totalOf } from "./rows.mjs";
import { at, scenario } from "./scenario.mjs";

const SCOPES = ["?range=7d", "?range=30d&environment=production"];
const ISSUES = ["Issues", "New", "Came back", "Escalating", "Resolved"];

const numberOf = (label) => Number(label.replaceAll(",", "").split(" ")[0]);

const analytics = async (page, scope) => {
  await page.goto(`${at.url}/analytics${scope}`);
  await page.getByRole("region", { name: "Loudest issues" }).getByRole("listitem").first().waitFor();
  await page.getByRole("list", { name: "Numbers of the time chosen" }).getByRole("img").first().waitFor();
};

/** The heading of a list of events. */
async function eventsListed(page) {
  await page.getByRole("table").first().waitFor();
  const text = await page
    .locator("p", { hasText: /^[\d,]+ events?/ })
    .first()
    .textContent();
  return numberOf(text);
}

async function everyFigureIsItsList({ page }) {
  let seen = 0;
  for (const scope of SCOPES) {
    for (const name of ["Events", ...ISSUES]) {
      await analytics(page, scope);
      const item = page
        .getByRole("list", { name: "Numbers of the time chosen" })
        .getByRole("listitem")
        .filter({ has: page.getByRole("link", { name, exact: true }) });
      const value = numberOf(await item.getByRole("img").getAttribute("aria-label"));
      await item.getByRole("link").click();
      await page.waitForURL(name === "Events" ? /\/events/ : /\/issues/);
      const listed = name === "Events" ? await eventsListed(page) : await totalOf(page);
      assert.equal(listed, value, `${name} ${scope}`);
      seen += value;
    }
  }
  assert.ok(seen > 0, "nothing was compared");
}

async function everyValueIsItsList({ page }) {
  const scope = SCOPES[0];
  let compared = 0;
  for (const name of ["Projects", "Releases", "Environments", "Types", "Users"]) {
    await analytics(page, scope);
    const section = page.getByRole("region", { name, exact: true });
    if ((await section.count()) === 0) continue;
    const first = section.getByRole("listitem").first();
    const value = numberOf(await first.getByRole("img").getAttribute("aria-label"));
    await first.getByRole("link").click();
    await page.waitForURL(/\/events/);
    assert.equal(await eventsListed(page), value, name);
    compared += 1;
  }
  assert.ok(compared >= 3, `${compared} tables were compared`);
}

async function everyFacetIsItsList({ page }) {
  await page.goto(`${at.url}/events?range=7d`);
  const facets = page.getByRole("complementary", { name: "What the events have in common" });
  await facets.getByRole("button", { pressed: false }).nth(3).waitFor();
  const values = facets.locator("li button");
  const count = Math.min(6, await values.count());
  for (let index = 0; index < count; index += 1) {
    await page.goto(`${at.url}/events?range=7d`);
    await values.nth(index).waitFor();
    const value = numberOf(await values.nth(index).getByRole("img").getAttribute("aria-label"));
    const before = page.url();
    await values.nth(index).click();
    await page.waitForURL((url) => url.href !== before);
    await page.waitForFunction(
      (expected) => document.querySelector("main h1 + span")?.textContent.replaceAll(",", "") === String(expected),
      value,
    );
  }
}

const steps = { everyFigureIsItsList, everyValueIsItsList, everyFacetIsItsList };

await scenario("analytics", async (given) => {
  const only = process.argv.slice(6);
  for (const [name, step] of Object.entries(steps)) {
    if (only.length > 0 && !only.includes(name)) continue;
    console.log(name);
    await step(given);
  }
});
