// What is one issue, as people meet it: rules with their faults and what they hold, why an
// event is where it is, issues made one and taken apart, and what a quota tells. Each page
// at both sizes and in both schemes, without a fault that axe finds and within its width.
import assert from "node:assert/strict";
import { faults } from "./axe.mjs";
import { send, events } from "./events.mjs";
import { PHONE, WIDE, at, scenario, sendErrors } from "./scenario.mjs";

/** Of this run alone, and no number or id that grouping would mask. */
const anyWord = () => Array.from({ length: 10 }, () => "ghjkmnpqrstvwxyz"[Math.floor(Math.random() * 16)]).join("");
const word = anyWord();
const notices = (page) => page.getByRole("region", { name: "Notices" });
const issueOf = async (page, event) => {
  for (;;) {
    const answer = await page.request.get(`${at.url}/api/errors/${event}`);
    const id = answer.ok() && (await answer.json()).issue_id;
    if (id) return id;
  }
};

/** Looks at the page as it is, wide and on a phone, in one scheme each; `part` is what its picture is of. */
async function sound(page, shot, name, part) {
  const found = [];
  for (const [scheme, size] of [
    ["light", WIDE],
    ["dark", PHONE],
  ]) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    await page.setViewportSize(size);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) found.push(`${name} ${scheme}: ${over} pixels too wide`);
    found.push(...(await faults(page)).map((each) => `${name} ${scheme}: ${each}`));
    await part.scrollIntoViewIfNeeded();
    await shot(`${name}-${scheme}`);
  }
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await page.setViewportSize(WIDE);
  assert.deepEqual(found, []);
}

async function rulesAreWritten({ page, shot }) {
  await sendErrors([{ error: { type: "LedgerClosed", message: "no entry" }, tags: { region: "eu-1" } }]);
  await page.goto(`${at.url}/projects/1/settings`);
  const field = page.getByLabel("Rules of grouping");
  await field.fill("# ledgers\nerror.type:LedgerClosed -> ledger\neror.type:Foo -> bar");
  const wrong = page.getByRole("list", { name: "What cannot be read" });
  await wrong.getByText("Did you mean").waitFor();
  await sound(page, shot, "rules-faults", wrong);
  // The fault leads to its place, by key.
  const place = wrong.getByRole("button", { name: "line 3, column 1" });
  await place.focus();
  await page.keyboard.press("Enter");
  const caret = await field.evaluate((element) => document.activeElement === element && element.selectionStart);
  assert.equal(caret, "# ledgers\nerror.type:LedgerClosed -> ledger\n".length);
  await page.keyboard.press("Shift+End");
  await page.keyboard.press("Delete");
  await wrong.waitFor({ state: "detached" });
  const holds = page.getByRole("list", { name: "Rules that hold" });
  await holds.getByText("line 2").waitFor();
  await page.getByText(/\d+ would be grouped otherwise/).waitFor();
  await sound(page, shot, "rules-told", holds);
  await page.getByRole("button", { name: "Save rules" }).click();
  await notices(page).getByText("Rules saved").waitFor();
  await page.getByText("Versions").click();
  await page.getByText("in force").waitFor();

  // Ten thousand rules pasted: keys answer, and the last line can be looked at.
  const many = Array.from({ length: 10_000 }, (_, index) => `logger:number-${index} -> number-${index}`).join("\n");
  // As by a paste; typed text would make a paragraph of each line, which takes browsers minutes.
  await field.evaluate((element, text) => {
    const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
    set.call(element, text);
    element.dispatchEvent(new Event("input", { bubbles: true }));
  }, many);
  await page.getByText(/Asked of the \d+ newest events?:/).waitFor();
  await field.press("Control+End");
  await page.locator("pre", { hasText: "number-9999 -> number-9999" }).waitFor();
  const started = Date.now();
  await page.keyboard.type("abc");
  await page.locator("pre", { hasText: "number-9999abc" }).waitFor();
  assert.ok(Date.now() - started < 5_000, "a key took more than a second");
  await page.getByRole("button", { name: "Undo changes" }).last().click();
  assert.equal(await field.inputValue(), "# ledgers\nerror.type:LedgerClosed -> ledger\n");
}

async function rulesAreAppliedAndUndone({ page, shot }) {
  const kinds = ["ApplyAlpha", "ApplyBeta", "ApplyBeta"];
  const moved = anyWord();
  await sendErrors(kinds.map((type) => ({ error: { type, message: `moved by ${moved}` } })));
  const shows = (count) => page.waitForFunction((n) => document.querySelectorAll("[data-row]").length === n, count);
  const list = `${at.url}/issues?range=24h&q=${moved}`;
  await page.goto(list);
  await page.waitForFunction(() => document.querySelectorAll("[data-row]").length > 0);
  if ((await page.locator("[data-row]").count()) < 2) await page.reload();
  await shows(2);

  await page.goto(`${at.url}/projects/1/settings`);
  const field = page.getByLabel("Rules of grouping");
  await field.fill(`error.type:ApplyAlpha -> ${moved}\nerror.type:ApplyBeta -> ${moved}`);
  await page.getByRole("button", { name: "Preview over history" }).click();
  const apply = page.getByRole("button", { name: "Apply to all events" });
  await apply.waitFor();
  await sound(page, shot, "apply-offered", apply);
  await apply.click();
  await notices(page).getByText("Rules applied to all events").waitFor();
  const applied = page.getByRole("region", { name: "Applied to events" });
  await applied.getByRole("listitem").first().waitFor();
  await sound(page, shot, "applied", applied);

  // One issue, with what became of it.
  await page.goto(list);
  await shows(1);
  await page.locator("a[data-issue]").click();
  const activity = page.getByRole("region", { name: "Activity" });
  await activity.getByText(/applied rules: events of/).waitFor();
  await sound(page, shot, "applied-activity", activity);

  await page.goto(`${at.url}/projects/1/settings`);
  await applied.getByRole("button", { name: "Undo" }).click();
  const asked = page.getByRole("dialog");
  await asked.getByText(/merges by hand since are undone/).waitFor();
  await sound(page, shot, "undo-asked", asked);
  await asked.getByRole("button", { name: "Undo" }).click();
  await notices(page).getByText("Issues and rules are as they were before").waitFor();
  await applied.getByText(/^undone/).waitFor();
  await sound(page, shot, "undone", applied);
  assert.ok(!(await field.inputValue()).includes("ApplyAlpha"), "the rules of before hold");
  await page.goto(list);
  await shows(2);
}

async function whyIsTold({ page, shot }) {
  const event = await send(at.url, at.key, events["python-django"]);
  const other = await send(at.url, at.key, events["python-recursion"]);
  const issue = await issueOf(page, event);
  await issueOf(page, other);
  await page.goto(`${at.url}/issues/${issue}/events/${event}`);
  await page.getByRole("button", { name: "Why this issue?" }).click();
  await page.getByText("the application's own").first().waitFor();
  const asked = page.getByLabel("Why is another event not in this issue?");
  await asked.fill("f".repeat(32));
  await page.keyboard.press("Enter");
  await page.getByText(/Not compared: no event f{32}/).waitFor();
  await asked.fill(`${at.url}/issues/x/events/${other}`);
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "They first differ in" }).waitFor();
  await sound(page, shot, "why", asked);
}

async function issuesAreMadeOneAndTakenApart({ page, shot }) {
  const kinds = ["MergeAlpha", "MergeBeta", "MergeGamma"];
  await sendErrors(kinds.map((type) => ({ error: { type, message: `one of ${word}` } })));
  const rows = page.locator("[data-row]");
  const shows = (count) => page.waitForFunction((n) => document.querySelectorAll("[data-row]").length === n, count);
  await page.goto(`${at.url}/issues?range=24h&q=${word}`);
  await page.waitForFunction(() => document.querySelectorAll("[data-row]").length > 0);
  if ((await rows.count()) < kinds.length) await page.reload();
  await shows(kinds.length);
  await page.getByRole("checkbox", { name: `Select MergeAlpha: one of ${word}` }).check();
  await page.getByRole("checkbox", { name: `Select MergeBeta: one of ${word}` }).check();
  await sound(page, shot, "merge-selected", page.getByRole("toolbar"));
  // Whatever can be done is in sight on a phone.
  await page.setViewportSize(PHONE);
  const box = await page.getByRole("button", { name: "Merge" }).boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= PHONE.width, "Merge is out of sight");
  await page.setViewportSize(WIDE);
  await page.getByRole("button", { name: "Merge" }).click();
  await notices(page).getByText("2 issues merged into one").waitFor();
  await shows(2);
  await page.keyboard.press("Control+z");
  await notices(page).getByText("2 issues as before").waitFor();
  await shows(3);

  await page.getByRole("checkbox", { name: /Select all/ }).check();
  await page.getByRole("button", { name: "Merge" }).click();
  await notices(page).getByText("3 issues merged into one").waitFor();
  await shows(1);
  await page.locator("a[data-issue]").click();
  const parts = page.getByRole("list", { name: "What the issue is made of" });
  await parts.getByRole("listitem").nth(2).waitFor();
  await sound(page, shot, "merged-parts", parts);
  await page.getByRole("button", { name: `Take out MergeBeta: one of ${word}` }).click();
  await notices(page).getByText("Taken out: it is an issue of its own").waitFor();
  await parts.getByRole("listitem").nth(2).waitFor({ state: "detached" });
  await page.keyboard.press("Control+z");
  await parts.getByRole("listitem").nth(2).waitFor();
}

async function aQuotaIsSetAndTold({ page, shot }) {
  await page.goto(`${at.url}/projects/2/settings`);
  const quota = page.getByRole("region", { name: "Quota" });
  await quota.getByLabel("Plan").selectOption({ label: "Enterprise: as many an hour as you say" });
  await quota.getByLabel("Errors an hour").fill("1");
  await quota.getByRole("button", { name: "Save quota" }).click();
  await notices(page).getByText("Quota saved").waitFor();
  await page.goto(`${at.url}/projects/2`);
  await page.getByRole("meter").waitFor();
  await page.getByText(/Enterprise plan: 1 an hour/).waitFor();
  await page.getByText("Spike protection is on").waitFor();
  await sound(page, shot, "usage", page.getByRole("meter"));
}

await scenario(
  "grouping",
  async (given) => {
    await rulesAreWritten(given);
    await rulesAreAppliedAndUndone(given);
    await whyIsTold(given);
    await issuesAreMadeOneAndTakenApart(given);
    await aQuotaIsSetAndTold(given);
  },
  // The comparison with what is not there.
  { expected: [/404/] },
);
