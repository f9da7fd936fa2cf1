// The issue page, with events that are hard to show: the failing line of own code is on
// the first screen, what is deep is bounded, nothing of an event escapes its place.
import assert from "node:assert/strict";
import { FAILING, events, sendAll } from "./events.mjs";
import { PHONE, WIDE, answered, at, scenario } from "./scenario.mjs";

/** The bar at the bottom of a phone. */
const BAR_PX = 56;
/** Of one event with 250 frames; what the rest of the page needs is some 250. */
const ELEMENTS_MAX = 1500;

await scenario("issue", async ({ page, context, shot }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: at.url }).catch(() => {});
  const ids = await sendAll(at.url, at.key);
  const issues = {};
  for (const [name, id] of Object.entries(ids)) {
    for (;;) {
      const answer = await page.request.get(`${at.url}/api/errors/${id}`);
      issues[name] = answer.ok() ? (await answer.json()).issue_id : "";
      if (issues[name]) break;
    }
  }
  const open = async (name) => {
    await page.goto(`${at.url}/issues/${issues[name]}/events/${ids[name]}`);
    await page.locator("article").first().waitFor();
    // What is above it has its height when it is there, too.
    await page.waitForFunction(() => !document.querySelector("main .MuiSkeleton-root"));
  };
  const main = page.locator("main");
  const failing = page.locator("li[data-failing=true]").first();
  const failingLine = failing.locator("pre [data-failing=true]");

  // Every kind, at both sizes: the failing line above the fold, nothing wider than the window.
  for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
    await page.setViewportSize(viewport);
    const bottom = viewport.height - (size === "phone" ? BAR_PX : 0);
    for (const name of Object.keys(events)) {
      await open(name);
      const { over, elements } = await page.evaluate(() => ({
        over: document.documentElement.scrollWidth - window.innerWidth,
        elements: document.querySelectorAll("*").length,
      }));
      assert.ok(over <= 0, `${name} is ${over} px wider than ${size}`);
      assert.ok(elements <= ELEMENTS_MAX, `${name} has ${elements} elements`);
      const line = (await failingLine.count()) > 0 ? failingLine : failing;
      await line.waitFor();
      const box = await line.boundingBox();
      if (name !== "long-names")
        assert.ok(
          box.y + box.height <= bottom,
          `${name} ${size}: the failing line ends at ${box.y + box.height} of ${bottom}`,
        );
      await shot(`${name}-${size}`);
    }
  }
  await page.setViewportSize(WIDE);

  // Deep stacks.
  await open("python-250-frames");
  assert.ok((await failingLine.innerText()).includes(FAILING));
  assert.equal(await page.locator("article li").count(), 31);
  assert.equal(await page.locator("article pre").count(), 1 + 2);
  await page.getByRole("button", { name: "Show 220 more" }).click();
  assert.equal(await page.locator("article li").count(), 250);
  await open("python-recursion");
  await page.getByRole("button", { name: "step_12 … repeated 231 times" }).click();
  assert.equal(await page.locator("article li[data-own=true]").count(), 233);

  // The order is remembered.
  await page.getByRole("button", { name: /Newest first/ }).click();
  await page.getByRole("menuitem", { name: "Oldest first" }).click();
  await open("python-django");
  assert.ok((await page.locator("article li[data-own]").first().innerText()).includes("in view"));
  await page.getByRole("button", { name: /Oldest first/ }).click();
  await page.getByRole("menuitem", { name: "Newest first" }).click();
  await page.locator("[role='menu']").waitFor({ state: "detached" });

  // What led there, by time; the request to the letter; who it was, though only an id is known.
  const crumbs = await page.getByRole("region", { name: "What led here" }).locator("li").allInnerTexts();
  assert.deepEqual(
    crumbs.map((text) => /first|PUT|third|KeyError/.exec(text)?.[0]),
    ["first", "PUT", "third", "KeyError"],
  );
  assert.match(crumbs[1], /PUT \/test\/api\/properties → 204/);
  await main.getByText('{"sku": "A-1, "qty": 2}', { exact: true }).waitFor();
  await page.getByRole("region", { name: "User of this event" }).getByRole("link", { name: "1031" }).waitFor();
  assert.equal(await main.getByText("hunter2").count(), 0);
  assert.match(await page.title(), /^KeyError: 'price' · default · Errata$/);

  // Copies.
  const copied = async (what) => {
    await page.getByRole("button", { name: "Copy", exact: true }).click();
    await page.getByRole("menuitem", { name: what, exact: true }).click();
    await page.getByText(`${what} copied`).waitFor();
    await page.locator("[role='menu']").waitFor({ state: "detached" });
    return page.evaluate(() => navigator.clipboard.readText());
  };
  assert.equal(
    await copied("Link to this event"),
    `${at.url}/issues/${issues["python-django"]}/events/${ids["python-django"]}`,
  );
  assert.match(await copied("Request as curl"), /^curl 'https:\/\/shop\.example\/cart\?sku=MUG-04'/);
  assert.match(
    await copied("Markdown for a ticket"),
    /^## KeyError: 'price'\n[\s\S]*File "shop\/cart\.py", line 18, in price/,
  );

  // Minified code, and a line of 30,000 characters.
  await open("minified");
  await main.getByText("Minified, no source map for index-3f9a1c.js").waitFor();
  assert.equal(await page.locator("article pre").count(), 1);
  await page.setViewportSize(PHONE);
  for (const [name, word] of [
    ["long-line", "breakHere"],
    ["minified", null],
  ]) {
    await open(name);
    const place = failing.locator("[data-column]");
    if (word) assert.equal(await place.innerText(), word);
    const inView = await place.evaluate((each) => {
      const [own, pre] = [each, each.closest("pre")].map((element) => element.getBoundingClientRect());
      return own.left >= pre.left && own.right <= pre.right;
    });
    assert.ok(inView, `${name}: the place of the column is not in view`);
  }
  await page.setViewportSize(WIDE);

  // Texts stay where they are: no script, no override of what is around, tokens in their order.
  await open("right-to-left");
  assert.ok(!(await page.getByRole("heading", { level: 1 }).innerText()).includes("\u202e"));
  assert.ok((await page.getByRole("heading", { level: 1 }).innerText()).includes("U+202E"));
  assert.equal(await page.locator("main script").count(), 0);
  const order = await failingLine
    .locator("code span")
    .evaluateAll((tokens) =>
      tokens.filter((each) => each.textContent.trim() !== "").map((each) => each.getBoundingClientRect().left),
    );
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );

  // Names, places and words that are easily lost.
  await open("long-type");
  await page.getByRole("heading", { level: 1, name: /^…[\w.]*PaymentDeclinedException|^….*boom/ }).waitFor();
  await open("native");
  await main.getByText("UnrealEditor_ApplicationCore_With_A_Very_Long_Module_Name").first().waitFor();
  await page.getByRole("button", { name: "All frames" }).click();
  for (const text of ["libRusticlOpenCL.so.1", "0x7f1000001234", "libc.so.6", "0x7f0000029d90"])
    await page.locator("article").getByText(text).first().waitFor();
  await open("log-beside-exception");
  await page
    .getByRole("note", { name: "Logged message" })
    .getByText("The configuration of shop could not be opened")
    .waitFor();
  await open("wrapped");
  await page.getByRole("heading", { level: 3, name: "TypeError" }).waitFor();
  await page.getByText("14 frames of react-dom").waitFor();
  await open("suppressed");
  await main.getByRole("heading", { level: 3, name: "RuntimeException" }).waitFor();
  await main.getByRole("heading", { level: 3, name: "DiagnosticCoroutineContextException" }).waitFor();
  await main.getByText("onClick").first().waitFor();
  await open("message-with-stack");
  await failing.getByText("Scheduler.php").waitFor();

  // Walking through the list one came from, by key.
  await page.goto(`${at.url}/issues?range=30d`);
  const links = page.locator("a[data-issue]");
  await links.nth(2).waitFor();
  const listed = await links.evaluateAll((all) => all.slice(0, 4).map((link) => link.dataset.issue));
  // The address changes before the page does, and keys act on what is shown.
  const shown = async (id) => {
    await page.waitForURL((where) => where.pathname.startsWith(`/issues/${id}`));
    await page.getByText(new RegExp(`^${listed.indexOf(id) + 1} of [\\d,]+$`)).waitFor();
  };
  await links.nth(1).click();
  await shown(listed[1]);
  await page.keyboard.press("j");
  await shown(listed[2]);
  await page.keyboard.press("k");
  await shown(listed[1]);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.keyboard.press("Shift+E");
  await shown(listed[2]);
  await page.getByText("Issue resolved").first().waitFor();
  await page.keyboard.press("k");
  await shown(listed[1]);
  const reopened = answered(page, "SetIssueStatus");
  await page.getByRole("button", { name: "Reopen" }).click();
  await page.getByRole("button", { name: "Resolve", exact: true }).waitFor();
  await reopened;
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("resolve and go to the next").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await page.waitForURL(/\/issues\?range=30d/);

  // Its events: by key, and as a table that narrows.
  await page.goto(`${at.url}/issues/${issues["python-django"]}`);
  // What comes after the read and before the stream is not missed: no wait for "Live" here.
  await sendAll(at.url, at.key, {
    again: { ...events["python-django"], environment: "staging", user: { id: 7 }, tags: { plan: "free" } },
  });
  await page
    .getByRole("link", { name: "A newer event has come" })
    .or(page.getByRole("link", { name: /^Events 2/ }))
    .first()
    .waitFor();
  await page.goto(`${at.url}/issues/${issues["python-django"]}`);
  await page.getByRole("link", { name: "Older event" }).waitFor();
  await page.keyboard.press("[");
  await page.waitForURL(/\/events\/[0-9a-f]{32}/);
  await page.getByRole("link", { name: "Newer event" }).waitFor();
  await page.keyboard.press("]");
  await page.getByRole("link", { name: "Older event" }).waitFor();
  await page.getByRole("link", { name: /^Events \d/ }).click();
  const rows = page.getByRole("table").locator("tbody tr");
  await rows.nth(1).waitFor();
  assert.equal(await rows.count(), 2);
  const narrowsTo = async (count) =>
    page.waitForFunction(
      (wanted) => document.querySelectorAll("tbody tr").length === wanted && !document.querySelector("[data-old=true]"),
      count,
    );
  await page.getByRole("button", { name: /^Environment: / }).click();
  await page.getByRole("option", { name: "staging" }).click();
  await page.waitForURL(/environment=staging/);
  await narrowsTo(1);
  await page.goBack();
  await narrowsTo(2);
  await page.getByLabel("Tag").fill("plan=pro");
  await page.keyboard.press("Enter");
  await narrowsTo(1);
  await page.getByRole("button", { name: "Remove filter plan: pro" }).click();
  await narrowsTo(2);
  await page.getByRole("textbox", { name: "User" }).fill("7");
  await page.keyboard.press("Enter");
  await narrowsTo(1);
  await page.getByRole("button", { name: "Remove filter User: 7" }).click();
  await narrowsTo(2);
  // By a query, and by what the events have in common.
  await page.getByLabel("Search events").fill("environment:staging");
  await page.waitForURL(/q=environment/);
  await narrowsTo(1);
  await page.getByLabel("Search events").fill("level:wrong");
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Search events").fill("");
  await narrowsTo(2);
  await page.getByRole("button", { name: "Facets" }).click();
  const common = page.getByRole("complementary", { name: "What the events have in common" });
  await common.getByRole("button", { name: /^staging/ }).click();
  await page.waitForURL(/q=environment/);
  await narrowsTo(1);
  await common.getByRole("button", { name: /^staging/ }).click();
  await narrowsTo(2);
  await page.goto(`${at.url}/issues/${issues["python-django"]}/events?to=2001-01-01T00:00:00Z`);
  await page.getByRole("button", { name: "Show all events" }).click();
  await narrowsTo(2);
  await shot("events");

  // Discarded: said as such, and taken back.
  await page.goto(`${at.url}/issues/${issues["long-value"]}`);
  await page.getByRole("button", { name: "More to do with this issue" }).click();
  await page.getByRole("menuitem", { name: /^Discard/ }).click();
  await page.getByText(/^Discarded: /).waitFor();
  await page.getByRole("button", { name: "More to do with this issue" }).click();
  await page.locator("[role='menu']").waitFor();
  assert.equal(await page.getByRole("menuitem", { name: /^Discard/ }).count(), 0);
  await page.keyboard.press("Escape");
  await page.locator("[role='menu']").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Stop discarding" }).click();
  await page.getByRole("button", { name: "Resolve", exact: true }).waitFor();
});
