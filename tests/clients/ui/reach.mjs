// What is on a page can be reached however one works: what hovering tells by finger and
// by key, long lists of choices by a word, long names whole, and what failed by an id
// that can be quoted.
import assert from "node:assert/strict";
import { totalOf } from "./rows.mjs";
import { PHONE, at, scenario, sendErrors, signIn } from "./scenario.mjs";

const tip = (page) => page.getByRole("tooltip");
/** A release as long as may be, and an environment that is long, too. */
const RELEASE = `payments-api@${"2026.11.28-nightly.".repeat(12)}`.slice(0, 196) + "end1";
const ENVIRONMENT = "a-very-long-environment-name-of-a-preview-deployment-nr-4711";

async function open(page, path) {
  await page.goto(at.url + path);
  await page.locator("[data-row], [role='alert'], article").first().waitFor();
}

/** The id of the issue that an event has made. */
async function issueOf(page, event) {
  for (;;) {
    const answer = await page.request.get(`${at.url}/api/errors/${event}`);
    const id = answer.ok() ? (await answer.json()).issue_id : "";
    if (id) return id;
  }
}

async function aFingerIsTold({ browser }) {
  const context = await browser.newContext({ viewport: PHONE, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await signIn(page);
  await open(page, "/issues?range=30d");
  const row = page.locator("[data-row]").first();
  await row.getByRole("img", { name: /event/ }).last().tap();
  await tip(page)
    .getByText(/[\d,]+ events? in the last 30 days; [\d,]+ events? in all/)
    .waitFor();
  await page.locator("h1").tap();
  await tip(page).waitFor({ state: "detached" });
  await row.locator("time").last().tap();
  await tip(page)
    .getByText(/20\d\d/)
    .waitFor();
  assert.match(page.url(), /\/issues\?range=30d$/, "a tap on a time opened the issue");

  // What does something by itself is held: it is explained, and not done.
  const touch = await context.newCDPSession(page);
  const { x, y, width, height } = await row.getByRole("button").boundingBox();
  const touchPoints = [{ x: x + width / 2, y: y + height / 2 }];
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await tip(page)
    .getByText(/^Assign/)
    .waitFor();
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  assert.equal(await page.getByRole("listbox").count(), 0);
  await row.getByRole("button").tap();
  await page.getByRole("listbox", { name: "Assign to" }).waitFor();
  await context.close();
}

async function aKeyTells({ page, shot }) {
  await open(page, "/issues?range=30d");
  await page.keyboard.press("j");
  await page.waitForFunction(() => document.activeElement?.closest("[data-row]"));
  await page.keyboard.press("t");
  const told = page.getByRole("status").filter({ hasText: "events in all" });
  await told.waitFor();
  // Both times, and the exact numbers.
  assert.equal((await told.locator("div").allInnerTexts()).filter((line) => /ago: .*20\d\d/.test(line)).length, 2);
  await shot("told");
  await page.keyboard.press("Escape");
  await told.waitFor({ state: "detached" });
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("exact numbers and times, here").waitFor();
  await page.keyboard.press("Escape");
}

async function aWordFindsAChoice({ page, shot }) {
  await open(page, "/issues?range=30d");
  const before = await totalOf(page);
  const button = page.getByRole("button", { name: /^Add a filter/ });
  await button.click();
  const field = page.getByRole("combobox", { name: /^Search/ });
  await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "combobox");
  await page.keyboard.type("no such thing");
  await page.getByText("Nothing matches “no such thing”.").waitFor();
  await shot("nothing-matches");
  await page.keyboard.press("Escape");
  assert.equal(await field.inputValue(), "");
  await page.keyboard.type("came");
  assert.equal(await page.getByRole("option").count(), 1);
  await page.keyboard.press("Enter");
  await page.waitForURL(/is=regressed/);
  // One of several: the list stays, and another press takes it back.
  await page.getByRole("option", { selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("option", { selected: false }).waitFor();
  assert.doesNotMatch(page.url(), /is=/);
  await page.keyboard.press("Escape");
  await page.keyboard.type("nobody");
  await page.keyboard.press("Enter");
  await page.waitForURL(/assignee=none/);
  await page.getByRole("listbox").waitFor({ state: "detached" });
  await page.waitForFunction(() => document.activeElement?.textContent?.includes("Filter"));
  await page.getByRole("button", { name: "Remove filter Unassigned" }).click();
  await page.waitForFunction(
    (total) => document.querySelector("h1 + span")?.textContent?.replaceAll(",", "") === String(total),
    before,
  );

  // By keys alone, and two projects by adding one.
  await page.getByRole("button", { name: /^Environment/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("listbox", { name: "Environment" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.closest("[role='dialog']"));
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/environment=/);
  await page.getByRole("button", { name: /^Projects/ }).click();
  await page.getByRole("listbox", { name: "Projects" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.closest("[role='dialog']"));
  for (const wanted of [["default"], ["default", "web-shop"]]) {
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Control+Enter");
    await page.waitForFunction(
      (names) =>
        [...document.querySelectorAll("[role='option'][aria-selected='true']")]
          .map((each) => each.getAttribute("aria-label"))
          .join() === names,
      wanted.join(),
    );
  }
  await shot("projects");
  await page.getByRole("button", { name: "Projects: 2 projects" }).waitFor({ state: "attached" });
  await page.keyboard.press("Escape");
}

async function aLongNameLeavesRoom({ page, context, shot }) {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: at.url });
  const [{ id }] = await sendErrors([
    { error: { type: "LongReleaseError", message: "x" }, release: RELEASE, environment: ENVIRONMENT },
  ]);
  const issue = await issueOf(page, id);
  await open(page, `/issues/${issue}`);
  const release = page.getByRole("button", { name: /^Copy the release/ });
  await release.waitFor();
  const { width } = await release.boundingBox();
  assert.ok(width < 220, `the release takes ${width} px`);
  assert.match(await release.innerText(), /^Copy the release\s+payments…/);
  assert.ok((await release.innerText()).endsWith("end1"), "the end is where releases differ");
  await release.hover();
  await tip(page).getByText(RELEASE).waitFor();
  await shot("long-release");
  await release.click();
  await page.getByText("Release copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), RELEASE);
  for (const path of ["", "/events"]) {
    await open(page, `/issues/${issue}${path}`).catch(() => {});
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${path} is ${over} px too wide`);
  }
}

async function aFailureHasAnId({ page, context, shot }) {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: at.url });
  // Each read of it has an id; the page shows that of the newest.
  const ids = new Set();
  page.on(
    "response",
    (response) => response.url().endsWith("/GetIssue") && ids.add(response.headers()["x-request-id"]),
  );
  await open(page, "/issues/ffffffffffffffff");
  const shown = page.getByRole("alert").locator("code");
  await shown.waitFor();
  await shot("error-id");
  await page.getByRole("button", { name: "Copy error id" }).click();
  const id = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.ok(ids.has(id), `${id} is none of ${[...ids]}`);

  // Of a command that fails, in its notice.
  await open(page, "/issues?range=30d");
  const refused = "0123456789abcdef0123456789abcdef";
  await page.route("**/SetIssueStatus", (route) =>
    route.fulfill({
      status: 200,
      headers: {
        "content-type": "application/grpc-web+proto",
        "grpc-status": "13",
        "grpc-message": "a defect",
        "x-request-id": refused,
      },
    }),
  );
  await page.keyboard.press("j");
  await page.waitForFunction(() => document.activeElement?.closest("[data-row]"));
  await page.keyboard.press("e");
  const notices = page.getByRole("region", { name: "Notices" });
  await notices.getByText("Issue not resolved: the server failed at it.").waitFor();
  await notices.getByRole("button", { name: "Id 01234567" }).click();
  await notices.getByText("Error id copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), refused);
  await page.unroute("**/SetIssueStatus");
}

const steps = { aFingerIsTold, aKeyTells, aWordFindsAChoice, aLongNameLeavesRoom, aFailureHasAnId };

await scenario(
  "reach",
  async (given) => {
    const only = process.argv.slice(6);
    for (const [name, step] of Object.entries(steps)) {
      if (only.length > 0 && !only.includes(name)) continue;
      console.log(name);
      await step(given);
    }
  },
  { expected: [/404/] },
);
