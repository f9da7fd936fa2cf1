// The issue list with thousands of issues on a real server: all of them can be reached,
// slow typing searches and does nothing else, and what the server did not accept is
// never shown as done.
import assert from "node:assert/strict";
import { everyRow, idsDrawn, totalOf } from "./rows.mjs";
import { PHONE, WIDE, answered, at, scenario, sendErrors, server } from "./scenario.mjs";

/** Rows in the document at once, however many are loaded. */
const DRAWN_MAX = 80;

const rowOf = (page, id) => page.locator(`[data-row="${id}"]`);
const focusIs = (page, id) =>
  page.waitForFunction((wanted) => document.activeElement?.closest("[data-row]")?.dataset.row === wanted, id);
const notices = (page) => page.getByRole("region", { name: "Notices" });

const totalIs = (page, total) =>
  page.waitForFunction(
    (wanted) => document.querySelector("h1 + span")?.textContent?.replaceAll(",", "") === String(wanted),
    total,
  );

async function open(page, query) {
  await page.goto(`${at.url}/issues${query}`);
  await page.locator("[data-row]").first().waitFor();
}

/** The number of issues, once what was decided a moment ago is counted: a page that is loaded anew does not wait for it. */
async function settledTotal(page, query) {
  let total = -1;
  for (;;) {
    await open(page, query);
    const found = await totalOf(page);
    if (found === total) return total;
    total = found;
    await page.waitForTimeout(500);
  }
}

async function everyIssueCanBeReached({ page }) {
  for (const query of ["?range=30d", "?range=30d&status=all&sort=first_seen&order=asc"]) {
    await open(page, query);
    const total = await totalOf(page);
    assert.ok(total > 1000, `only ${total} issues`);
    const { seen, drawnMax } = await everyRow(page);
    assert.equal(seen.size, total, query);
    assert.ok(drawnMax <= DRAWN_MAX, `${drawnMax} rows were drawn at once`);
  }
}

async function aFailedPageIsSaidAndTriedAgain({ page }) {
  await open(page, "?range=30d");
  await page.route("**/ListIssues", (route) => route.abort());
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
  await page.getByText(/More could not be loaded: the server does not answer/).waitFor();
  await page.unroute("**/ListIssues");
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.waitForFunction((before) => document.documentElement.scrollHeight > before, height);
}

async function typingSearchesAndDoesNothingElse({ page, context }) {
  const field = page.getByRole("combobox", { name: "Search issues" });
  for (const delay of [100, 500]) {
    await open(page, "?range=30d&status=all");
    const before = await totalOf(page);
    await field.click();
    await page.keyboard.type("payment ex", { delay });
    for (let press = 0; press < 3; press += 1) await page.keyboard.press("Backspace", { delay });
    await page.keyboard.type(" jiea", { delay });
    for (let press = 0; press < 5; press += 1) await page.keyboard.press("Backspace", { delay });
    await page.waitForURL(/q=payment(&|$)/);
    assert.equal(await field.inputValue(), "payment");
    assert.ok(await field.evaluate((element) => element === document.activeElement), "the field lost the focus");
    await page.waitForFunction(() => !document.querySelector("main [aria-busy='true']"));
    assert.equal(await notices(page).getByRole("button").count(), 0, "typing did something");
    // One search is one step back.
    await page.goBack();
    await totalIs(page, before);
    assert.equal(await field.inputValue(), "");
  }

  // What an input method composes is searched when it is a word.
  await field.click();
  const keyboard = await context.newCDPSession(page);
  await keyboard.send("Input.imeSetComposition", { selectionStart: 2, selectionEnd: 2, text: "ねだ" });
  await keyboard.send("Input.imeSetComposition", { selectionStart: 2, selectionEnd: 2, text: "値段" });
  assert.doesNotMatch(page.url(), /q=/);
  await keyboard.send("Input.insertText", { text: "値段" });
  await page.waitForURL(/q=/);
  assert.equal(await field.inputValue(), "値段");
}

async function keysMoveOnAndUndo({ page }) {
  await open(page, "?range=30d");
  const total = await totalOf(page);
  // Without a row under the keyboard a key changes nothing.
  await page.locator("h1").click();
  await page.keyboard.type("eia");
  assert.equal(await notices(page).getByRole("button").count(), 0);

  await page.keyboard.press("j");
  const ids = await idsDrawn(page);
  await focusIs(page, ids[0]);
  const resolved = answered(page, "SetIssueStatus", 10);
  await page.keyboard.type("eeeeeeeeee", { delay: 120 });
  await totalIs(page, total - 10);
  await focusIs(page, ids[10]);
  // There is a way back of what was answered only.
  await resolved;
  await notices(page).getByText("Issue resolved").first().waitFor();
  const undone = answered(page, "SetIssueStatus", 10);
  await page.keyboard.type("zzzzzzzzzz", { delay: 50 });
  await totalIs(page, total);
  await focusIs(page, ids[10]);
  await undone;
}

async function everythingThatMatchesIsChanged({ page }) {
  await open(page, "?range=30d&status=ignored");
  const total = await totalOf(page);
  assert.ok(total > 100, `only ${total} ignored issues`);
  await page.getByRole("checkbox", { name: /Select all/ }).check();
  await page.getByRole("button", { name: `Select all ${total} that match` }).click();
  await page.getByRole("toolbar").getByRole("button", { name: "Reopen" }).click();
  await page.getByText("All quiet").waitFor();
  await notices(page).getByText(`${total} issues reopened`).waitFor();
  await page.keyboard.press("Control+z");
  await page.getByText(`${total} issues as before`).waitFor();
  await page.reload();
  assert.equal(await totalOf(page), total);

  // A range by shift.
  const boxes = page.getByRole("checkbox", { name: /^Select (?!all)/ });
  await boxes.nth(1).check();
  await boxes.nth(5).click({ modifiers: ["Shift"] });
  await page.getByText("5 issues selected").waitFor();
  await page.getByRole("button", { name: "Clear", exact: true }).click();
}

async function whatFailsIsTakenBack({ page, context }) {
  await open(page, "?range=30d&status=all");
  const [first, second, third] = await idsDrawn(page);
  const states = async () => Promise.all([first, second, third].map((id) => rowOf(page, id).innerText()));
  // Opened once, the menu and its people are there.
  await rowOf(page, first).getByRole("button").click();
  await page.getByRole("option", { name: /\(you\)/ }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("[role='listbox']").waitFor({ state: "detached" });
  const before = await states();

  await server.stop();
  await rowOf(page, first).getByRole("link").focus();
  await page.keyboard.press("e");
  await page.getByText("Issue not resolved: the server does not answer.").waitFor();
  await rowOf(page, second).getByRole("checkbox").check();
  await rowOf(page, third).getByRole("checkbox").check();
  await page.getByRole("toolbar").getByRole("button", { name: "Ignore" }).click();
  await page.getByText("2 changes not made: the server does not answer.").waitFor();
  await rowOf(page, first).getByRole("button").click();
  await page.getByRole("option", { name: /\(you\)/ }).click();
  await page.getByText("3 changes not made: the server does not answer.").waitFor();
  assert.deepEqual(await states(), before, "a row shows what the server did not accept");
  await server.start();
  await page.getByRole("button", { name: "Retry" }).click();
  await rowOf(page, first).getByText("Resolved").waitFor();
  await rowOf(page, second).getByText("Ignored").waitFor();
  await rowOf(page, first)
    .getByRole("button", { name: /Assigned to/ })
    .waitFor();
  await page.getByRole("region", { name: "Notices" }).getByText("2 issues ignored").waitFor();

  // Without a network.
  await context.setOffline(true);
  await rowOf(page, second).getByRole("link").focus();
  await page.keyboard.press("e");
  await page.getByText("Issue not resolved: this device is offline.").waitFor();
  await rowOf(page, second).getByText("Ignored").waitFor();
  await context.setOffline(false);
  // A row shows what was pressed before it is decided.
  const decided = answered(page, "SetIssueStatus");
  await page.getByRole("button", { name: "Retry" }).click();
  await rowOf(page, second).getByText("Resolved").waitFor();
  await decided;
}

async function anEndedSessionComesBackWhereItWas({ page, context }) {
  const query = "?range=30d&sort=count";
  const total = await settledTotal(page, query);
  await page.keyboard.press("j");
  await page.waitForFunction(() => document.activeElement?.closest("[data-row]"));
  await context.clearCookies();
  await page.keyboard.press("e");
  await page.waitForURL(/sign-in/);
  await page.getByText("Issue not resolved: your session has ended.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Retry" }).count(), 0);
  assert.doesNotMatch(await page.locator("body").innerText(), /Bearer|fetch|unauthenticated/i);
  await page.getByLabel("E-mail").fill(at.email);
  await page.getByLabel("Password").fill(at.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${at.url}/issues${query}`);
  await totalIs(page, total);
  await page.getByRole("button", { name: "Retry" }).click();
  await totalIs(page, total - 1);
  // The way back is offered when the server has answered.
  await notices(page).getByText("Issue resolved").waitFor();
  await page.keyboard.press("Control+z");
  await totalIs(page, total);
}

async function newsWaitsAndNothingMoves({ page }) {
  await open(page, "?sort=first_seen");
  await page.getByText("Live", { exact: true }).waitFor();
  // It comes after the rows, and above them.
  await page.getByText("Alerts are off: no mail server is set.").waitFor();
  await page.locator("[data-row]").nth(3).hover();
  const before = await page.locator("[data-row]").first().boundingBox();
  await sendErrors([{ error: { type: "BrandNewError", message: "never seen before" } }]);
  await page.getByRole("button", { name: "1 new issue · show" }).waitFor();
  assert.deepEqual(await page.locator("[data-row]").first().boundingBox(), before, "rows moved under the pointer");
  await page.waitForFunction(() => document.title.startsWith("(1) Issues"));
  await page.getByRole("button", { name: "1 new issue · show" }).click();
  const row = page.locator("[data-row]", { hasText: "BrandNewError" });
  await row.getByText("New", { exact: true }).first().waitFor();
}

async function sortingKeepsWhatOneHas({ page }) {
  await open(page, "?range=30d");
  await page
    .getByRole("checkbox", { name: /^Select (?!all)/ })
    .first()
    .check();
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  const column = page.getByRole("button", { name: /^Events/ });
  await column.click();
  await page.waitForURL(/sort=count/);
  await column.click();
  await page.waitForURL(/order=asc/);
  assert.ok(await column.evaluate((element) => element === document.activeElement), "the column lost the focus");
  const asked = page.waitForRequest("**/ListIssues");
  await page.getByRole("button", { name: "Resolved", exact: true }).click();
  await asked;
  assert.ok((await page.locator("[data-row]").count()) > 0, "the rows went away before the new ones came");
}

const steps = {
  everyIssueCanBeReached,
  aFailedPageIsSaidAndTriedAgain,
  typingSearchesAndDoesNothingElse,
  keysMoveOnAndUndo,
  everythingThatMatchesIsChanged,
  sortingKeepsWhatOneHas,
  newsWaitsAndNothingMoves,
  whatFailsIsTakenBack,
  anEndedSessionComesBackWhereItWas,
};

await scenario(
  "list",
  async (given) => {
    const { page, shot } = given;
    const only = process.argv.slice(6);
    for (const [name, step] of Object.entries(steps)) {
      if (only.length > 0 && !only.includes(name)) continue;
      console.log(name);
      await step(given);
    }
    for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        await open(page, "?range=7d");
        await shot(`${size}-${colorScheme}`);
      }
      const box = page.getByRole("checkbox", { name: /^Select (?!all)/ }).first();
      await box.check();
      await page.getByRole("toolbar").getByRole("button", { name: "Resolve" }).waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `the list is ${overflow} px wider than ${size}`);
      await shot(`${size}-selected`);
    }
  },
  // The server was stopped, the network cut and the session ended on purpose.
  { expected: [/ERR_/, /Failed to load resource/] },
);
