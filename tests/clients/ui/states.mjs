// States that a page is in for a while, and what it does by itself: a server that is
// away, a chart that is drawn over, more projects than the rail holds, a page opened at
// another address, and a project whose first event comes.
import assert from "node:assert/strict";
import { totalOf } from "./rows.mjs";
import { at, scenario, server } from "./scenario.mjs";

/** As in Frame.tsx. */
const RAIL_PROJECTS_MAX = 12;

/** A command as the page sends it: gRPC-Web, a message of one text. */
async function createProject(page, name) {
  const text = Buffer.from(name);
  const message = Buffer.concat([Buffer.from([0x0a, text.length]), text]);
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
  const answer = await page.request.post(`${at.url}/errata.v1.CommandService/CreateProject`, {
    headers: { "content-type": "application/grpc-web+proto", origin: at.url },
    data: frame,
  });
  assert.match((await answer.body()).toString("latin1"), /grpc-status:\s?0/, name);
}

async function aPageOfAServerThatIsAwayCountsAndHeals({ page, shot }) {
  await page.goto(`${at.url}/issues?range=30d`);
  // The page's code is there from one visit: what is missing now is an answer.
  await page.locator("a[data-issue]").first().click();
  await page.locator("article").first().waitFor();
  await page.goBack();
  await page.locator("a[data-issue]").nth(1).waitFor();
  await server.stop();
  await page.locator("a[data-issue]").nth(1).click();
  const alert = page.getByRole("alert");
  await alert.getByText("The server does not answer").waitFor();
  // It counts down, tries, and waits longer the next time.
  const counts = await page.evaluate(async () => {
    const seen = [];
    const look = () =>
      Number(/Trying again in (\d+) s/.exec(document.querySelector("[role='alert']")?.textContent ?? "")?.[1] ?? 0);
    while (seen.length < 5) {
      const left = look();
      if (left > 0 && left !== seen.at(-1)) seen.push(left);
      await new Promise(requestAnimationFrame);
    }
    return seen;
  });
  const again = counts.findIndex((left, index) => index > 0 && left > counts[index - 1]);
  assert.ok(again > 0 && counts[again] > counts[0], `counted ${counts}`);
  await shot("away");
  await server.start();
  await page.getByRole("heading", { level: 1, name: /./ }).waitFor();
  await page.locator("article, [aria-label='Events']").first().waitFor();
  await alert.waitFor({ state: "detached" });
}

async function aStretchOfAChartIsItsIssues({ page, shot }) {
  await page.goto(`${at.url}/dashboard?range=7d`);
  const chart = page.getByRole("img", { name: /^Events by/ });
  await chart.waitFor();
  await page.waitForFunction(() => !document.querySelector("main [aria-busy='true']"));
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.6, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, y, { steps: 5 });
  await page.mouse.move(box.x + box.width * 0.9, y, { steps: 5 });
  // What is drawn over is summed up while one draws.
  const told = page.getByRole("status").filter({ hasText: /events?/ });
  await told.waitFor();
  await shot("brush");
  await page.mouse.up();
  await page.waitForURL(/\/issues\?/);
  const span = new URL(page.url()).searchParams;
  const [from, to] = ["from", "to"].map((name) => Date.parse(span.get(name)));
  assert.ok(to - from > 86_400_000 && to - from < 4 * 86_400_000, page.url());
  assert.ok((await totalOf(page)) > 0);

  // By keys: the newest bucket is chosen, Enter opens it.
  await page.goto(`${at.url}/dashboard?range=7d`);
  await chart.waitFor();
  await chart.focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await told.waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/issues\?.*from=/);
}

async function moreProjectsThanTheRailHolds({ page, shot }) {
  await page.goto(`${at.url}/projects`);
  const rail = page.getByRole("navigation", { name: "Main" });
  // They come all at once, after the page.
  await rail.getByRole("link", { name: /^default/ }).waitFor();
  const before = await rail.locator("ul").last().getByRole("listitem").count();
  for (let number = before; number <= RAIL_PROJECTS_MAX + 1; number += 1)
    await createProject(page, `service-${number}-of-a-large-company`);
  await page.reload();
  const all = rail.getByRole("link", { name: /^All \d+ projects$/ });
  await all.waitFor();
  const count = Number(/\d+/.exec(await all.innerText())[0]);
  assert.equal(count, RAIL_PROJECTS_MAX + 2);
  assert.equal(await rail.locator("ul").last().getByRole("listitem").count(), RAIL_PROJECTS_MAX + 1);
  const overflow = await rail.evaluate((each) => each.scrollWidth - each.clientWidth);
  assert.ok(overflow <= 0, `the rail is ${overflow} px too wide`);
  await shot("rail");
  await all.click();
  await page.waitForURL(/\/projects$/);
  await page
    .getByRole("link", { name: `service-${RAIL_PROJECTS_MAX + 1}-of-a-large-company` })
    .first()
    .waitFor();
}

async function aPageAtAnotherAddressSaysSo({ browser }) {
  // The same server by a name that it does not know itself by.
  const other = at.url.replace("127.0.0.1", "localhost");
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${other}/issues`);
  await page.getByLabel("E-mail").fill(at.email);
  await page.getByLabel("Password").fill(at.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/issues/);
  await page.goto(`${other}/projects/1/set-up`);
  const said = page.getByText(/You opened this page at/);
  await said.waitFor();
  assert.ok((await said.innerText()).includes(`ERRATA_PUBLIC_URL=${other}`), await said.innerText());
  await context.close();
}

async function aFirstEventIsSeenByAllParts({ page, shot }) {
  await page.goto(`${at.url}/projects`);
  await page.getByRole("button", { name: "New project" }).click();
  await page.getByLabel("Name").fill("first-event");
  await page.getByRole("button", { name: "Create project" }).click();
  await page.waitForURL(/\/projects\/\d+$/);
  const arrived = page.getByRole("region", { name: "What arrived" });
  await arrived.getByText("Nothing in this time.").waitFor();
  await page.getByRole("button", { name: "Send a test error" }).click();
  await page.getByText("Connected", { exact: true }).waitFor();
  await arrived.getByText("Nothing in this time.").waitFor({ state: "detached" });
  await page.getByRole("link", { name: /TestError/ }).waitFor();
  await shot("connected");
}

const steps = {
  aStretchOfAChartIsItsIssues,
  moreProjectsThanTheRailHolds,
  aPageAtAnotherAddressSaysSo,
  aFirstEventIsSeenByAllParts,
  aPageOfAServerThatIsAwayCountsAndHeals,
};

await scenario(
  "states",
  async (given) => {
    const only = process.argv.slice(6);
    for (const [name, step] of Object.entries(steps)) {
      if (only.length > 0 && !only.includes(name)) continue;
      console.log(name);
      await step(given);
    }
  },
  // The server was stopped on purpose.
  { expected: [/ERR_/, /Failed to load resource/] },
);
