// Every figure of the dashboard opens a list of exactly so many: its heading says the
// number, and so many rows can be reached. What heads a section heads its list, too.
import assert from "node:assert/strict";
import { everyRow, idsDrawn, totalOf } from "./rows.mjs";
import { at, scenario } from "./scenario.mjs";

/** Times, with and without an environment and a project. */
const SCOPES = ["", "?range=7d", "?environment=production&project=2"];
/** Figures that open a list. */
const FIGURES = ["Issues", "New", "Came back", "Unresolved"];
/** Rows compared at the head of a section and of its list. */
const HEADS = 5;

const dashboard = async (page, scope) => {
  await page.goto(`${at.url}/dashboard${scope}`);
  await page.getByRole("region", { name: "Most events" }).getByRole("listitem").first().waitFor();
};

/** The exact number of a figure, from what is read out. */
async function figure(page, name) {
  const item = page
    .getByRole("list", { name: "Numbers of the time chosen" })
    .getByRole("listitem")
    .filter({ has: page.getByRole("link", { name, exact: true }) });
  const exact = await item.getByRole("img").getAttribute("aria-label");
  return { link: item.getByRole("link"), value: Number(exact.replaceAll(",", "").split(" ")[0]) };
}

/** The issues at the head of a section, in order. */
const heads = (section) =>
  section
    .getByRole("listitem")
    .getByRole("link")
    .evaluateAll((links) => links.map((link) => new URL(link.href).pathname.split("/").pop()));

async function everyFigureIsItsList({ page }) {
  const most = Object.fromEntries(FIGURES.map((name) => [name, 0]));
  for (const scope of SCOPES) {
    for (const name of FIGURES) {
      await dashboard(page, scope);
      const { link, value } = await figure(page, name);
      await link.click();
      await page.waitForURL(/\/issues/);
      const where = `${name} ${scope}`;
      assert.equal(await totalOf(page), value, `the heading of ${where}`);
      const { seen } = value === 0 ? { seen: new Set() } : await everyRow(page);
      assert.equal(seen.size, value, `the rows of ${where}`);
      most[name] = Math.max(most[name], value);
    }
  }
  for (const [name, value] of Object.entries(most))
    assert.ok(value > 0, `${name} was never more than 0: nothing was compared`);
}

async function everySectionHeadsItsList({ page }) {
  for (const scope of SCOPES) {
    for (const [name, all] of [
      [null, "All by events"],
      ["New", "All new"],
      ["Came back", "All that came back"],
    ]) {
      await dashboard(page, scope);
      const section = page.getByRole("region", { name: name === null ? "Most events" : "New issues" });
      if (name !== null) await section.getByRole("button", { name, exact: true }).click();
      const more = section.getByRole("link", { name: all, exact: true });
      await more.waitFor();
      await page.waitForFunction(() => !document.querySelector("main [aria-busy='true']"));
      const first = (await heads(section)).slice(0, HEADS);
      await more.click();
      await page.waitForURL(/\/issues\?/);
      await totalOf(page);
      const listed = (await idsDrawn(page)).slice(0, HEADS);
      assert.deepEqual(listed.slice(0, first.length), first, `${all} ${scope}`);
      if (name === null) assert.equal(first.length, HEADS, `"Most events" ${scope} is too short to compare`);
    }
  }
}

const steps = { everySectionHeadsItsList, everyFigureIsItsList };

await scenario("figures", async (given) => {
  const only = process.argv.slice(6);
  for (const [name, step] of Object.entries(steps)) {
    if (only.length > 0 && !only.includes(name)) continue;
    console.log(name);
    await step(given);
  }
});
