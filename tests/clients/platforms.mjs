// Sends an event of each platform as its SDK would, and looks at its page in a browser:
// platforms.mjs URL DSN EMAIL PASSWORD. Prints the issues' titles as JSON lines.
// Screenshots go to ERRATA_TEST_SCREENSHOTS, or tests/artifacts, in platforms/.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch } from "./chromium.mjs";

const [url, dsn, email, password] = process.argv.slice(2);
const key = new URL(dsn).username;
const fixtures = fileURLToPath(new URL("../fixtures/platforms/", import.meta.url));
const folder = `${process.env.ERRATA_TEST_SCREENSHOTS ?? fileURLToPath(new URL("../artifacts", import.meta.url))}/platforms`;
mkdirSync(folder, { recursive: true });
const expected = JSON.parse(readFileSync(`${fixtures}expected.json`, "utf8"));
const names = readdirSync(fixtures)
  .filter((file) => file.endsWith(".json") && file !== "expected.json")
  .map((file) => file.slice(0, -".json".length));
assert.deepEqual(names, Object.keys(expected));

/** Sends the fixture as a new event of this moment; its id. */
async function send(name) {
  const event = JSON.parse(readFileSync(`${fixtures}${name}.json`, "utf8"));
  event.event_id = randomUUID().replaceAll("-", "");
  event.timestamp = Date.now() / 1000;
  const header = { event_id: event.event_id, sent_at: new Date().toISOString() };
  const body = [header, { type: "event" }, event].map((part) => JSON.stringify(part)).join("\n");
  const response = await fetch(`${url}/api/1/envelope/?sentry_key=${key}&sentry_version=7`, { method: "POST", body });
  assert.equal(response.status, 200, `${name}: ${await response.text()}`);
  return event.event_id;
}

async function stored(page, id) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const response = await page.request.get(`${url}/api/errors/${id}`);
    const event = response.ok() ? await response.json() : {};
    if (event.issue_id) return event;
    assert.ok(Date.now() < deadline, `event ${id} has no issue: ${response.status()}`);
    await page.waitForTimeout(50);
  }
}

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
const page = await context.newPage();
page.setDefaultTimeout(20_000);
const problems = [];
page.on("pageerror", (error) => problems.push(`uncaught in the page: ${error}`));
const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);

async function check(name, id) {
  const wanted = expected[name];
  const { issue_id: issue } = await stored(page, id);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto(`${url}/issues/${issue}/events/${id}`);
  const failing = page.locator("article").first().locator("li[data-failing=true]");
  await failing.waitFor();
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), wanted.title, name);
  assert.equal(await page.locator("header code").first().innerText(), wanted.culprit, name);
  assert.match(await page.locator("[data-language]").innerText(), new RegExp(`${wanted.language}$`, "m"), name);
  const line = await failing.locator(":scope > *").first().innerText();
  assert.ok(line.includes(wanted.frame), `${name}: ${JSON.stringify(wanted.frame)} in ${JSON.stringify(line)}`);
  if (wanted.source) {
    const source = await failing.locator("pre [data-failing=true]").innerText();
    assert.ok(source.includes(wanted.source), `${name}: ${wanted.source} in ${source}`);
  }
  // No frame of others stands open between the own ones.
  if ((await page.locator("article li[data-own=true]").count()) > 0) {
    assert.equal(await page.locator("article li[data-own=false]").count(), 0, `${name}: frames of others are folded`);
  }
  const folds = page.locator("article li:not([data-own])");
  if (wanted.folded) assert.deepEqual(await folds.allInnerTexts(), wanted.folded, name);
  assert.ok((await overflow()) <= 0, `${name}: wider than the window`);
  await page.screenshot({ path: `${folder}/${name}.png`, animations: "disabled", fullPage: true });

  await page.getByRole("button", { name: "Text", exact: true }).click();
  await page.locator("article pre").first().waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok((await overflow()) <= 0, `${name}: the text is wider than a phone`);
  await page.getByRole("button", { name: "All frames", exact: true }).click();
  assert.ok((await overflow()) <= 0, `${name}: ${await overflow()} px wider than a phone`);
  await page.screenshot({ path: `${folder}/${name}-phone.png`, animations: "disabled", fullPage: true });
  console.log(JSON.stringify({ name, issue, title: wanted.title }));
}

try {
  await page.goto(`${url}/issues`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation").first().waitFor();
  const ids = [];
  for (const name of names) ids.push(await send(name));
  for (const [index, name] of names.entries()) await check(name, ids[index]);

  // The list says the same. It has only the rows that are in view: all are.
  await page.setViewportSize({ width: 1440, height: 100 * names.length });
  await page.goto(`${url}/issues`);
  for (const { title, culprit } of Object.values(expected)) {
    const row = page
      .locator("[data-selected]")
      .filter({ has: page.locator("a").and(page.getByTitle(title, { exact: true })) });
    await row.filter({ hasText: culprit }).first().waitFor();
  }
  await page.screenshot({ path: `${folder}/list.png`, animations: "disabled", fullPage: true });
  assert.deepEqual(problems, []);
} catch (error) {
  await page.screenshot({ path: `${folder}/failed.png`, animations: "disabled", fullPage: true });
  console.error(problems.join("\n"));
  throw error;
} finally {
  await browser.close();
}
