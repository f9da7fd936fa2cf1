// Drives the web UI as a person would: ui.mjs URL DSN EMAIL PASSWORD.
// Screenshots go to ERRATA_TEST_SCREENSHOTS, or tests/artifacts.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch } from "./chromium.mjs";

const [url, dsn, email, password] = process.argv.slice(2);
const key = new URL(dsn).username;
const folder = process.env.ERRATA_TEST_SCREENSHOTS ?? fileURLToPath(new URL("../artifacts", import.meta.url));
mkdirSync(folder, { recursive: true });

async function sendError(publicKey, error) {
  const response = await fetch(`${url}/api/errors`, {
    method: "POST",
    headers: { authorization: `Bearer ${publicKey}` },
    body: JSON.stringify({ error, environment: "production" }),
  });
  assert.equal(response.status, 202);
}

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
const page = await context.newPage();
page.setDefaultTimeout(30_000);
const problems = [];
page.on("pageerror", (error) => problems.push(`uncaught in the page: ${error}`));
page.on("console", (message) => {
  // Being sent to the sign-in page is answered 401 on the way.
  if (message.type() === "error" && !/401/.test(message.text())) problems.push(message.text());
});
// Transitions are ended first: a picture of a colour half-way there shows nothing.
const shot = (name) => page.screenshot({ path: `${folder}/${name}.png`, animations: "disabled" });

try {
  // Sign-in, asked for by the page one came for.
  await page.goto(`${url}/issues`);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("E-mail and password do not match.").waitFor();
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();

  // The list, and live updates without a reload.
  const title = page.getByRole("link", { name: /CheckoutError: ?cart is empty/ });
  await title.waitFor();
  assert.match(page.url(), /\/issues/);
  await page.getByText("Live", { exact: false }).first().waitFor();
  await sendError(key, { type: "LiveError", message: "arrived while looking" });
  await page.getByRole("button", { name: /1 new issue/ }).click();
  await page.getByRole("link", { name: /LiveError/ }).waitFor();
  await shot("issues-light");

  // The filter is in the URL, and back works.
  await page.keyboard.press("/");
  await page.keyboard.type("CheckoutError");
  await page.keyboard.press("Enter");
  await page.waitForURL(/CheckoutError/);
  await page.getByRole("link", { name: /LiveError/ }).waitFor({ state: "detached" });
  await page.goBack();
  await page.getByRole("link", { name: /LiveError/ }).waitFor();

  // Its second event counts without a reload; older and newer are a press away, back too.
  await sendError(key, { type: "LiveError", message: "arrived while looking" });
  await page
    .locator("[data-selected]", { hasText: "LiveError" })
    .getByRole("img", { name: "2 events", exact: true })
    .waitFor();
  await page.getByRole("link", { name: /LiveError/ }).click();
  await page.getByRole("link", { name: "Older event" }).click();
  await page.waitForURL(/\/events\//);
  await page.getByRole("link", { name: "Newest event" }).click();
  await page.waitForURL((at) => !at.pathname.includes("/events/"));
  await page.getByRole("link", { name: "Issues", exact: true }).first().click();

  // The issue: the failing line of their own code, the cause, the steps, the tags.
  await title.click();
  await page
    .getByRole("heading", { name: /CheckoutError/ })
    .first()
    .waitFor();
  await page.getByText("throw new CheckoutError").first().waitFor();
  await page.getByText("TypeError").first().waitFor();
  await page.getByText("button#pay", { exact: true }).waitFor();
  await page.getByText("ada@example.com").first().waitFor();
  assert.equal(await page.getByText("hunter2").count(), 0);
  await shot("issue-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await shot("issue-dark");
  await page.emulateMedia({ colorScheme: "light" });

  // Assign it to oneself.
  await page.getByRole("button", { name: "Assign", exact: true }).click();
  await page.getByRole("option", { name: /\(you\)/ }).click();
  // It fades out, and takes the keys until it is gone.
  await page.locator("[role='menu']").waitFor({ state: "detached" });
  await page.getByRole("button", { name: email }).waitFor();
  await page
    .getByRole("region", { name: "Activity" })
    .getByText(/assigned/i)
    .first()
    .waitFor();

  // Resolve by key; undo; resolve again by button. The activity tells who did what.
  await page.keyboard.press("e");
  await page.getByRole("button", { name: "Reopen" }).waitFor();
  // The notice of the assignment may still stand beside it.
  await page.locator("[data-failed]", { hasText: "Issue resolved" }).getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "Resolve", exact: true }).click();
  await page.getByRole("button", { name: "Reopen" }).waitFor();
  await page
    .getByRole("region", { name: "Activity" })
    .getByText(/resolved/i)
    .first()
    .waitFor();

  // Dashboard.
  await page.getByRole("link", { name: "Dashboard" }).first().click();
  await page.getByRole("region", { name: "Events over time" }).waitFor();
  await page
    .getByRole("region", { name: "Most events" })
    .getByText("CheckoutError", { exact: false })
    .first()
    .waitFor();
  await shot("dashboard-light");

  // A new project waits, and turns live by itself.
  await page.goto(`${url}/projects`);
  await page.getByRole("button", { name: "New project" }).first().click();
  await page.getByLabel("Name").fill("web-shop");
  await page.getByRole("button", { name: "Create project" }).click();
  await page.getByText("Waiting for the first event…").waitFor();
  await shot("project-waiting-light");
  const newDsn = await page.getByRole("region", { name: "DSN" }).locator("code, pre").first().innerText();
  await sendError(new URL(newDsn.trim()).username, { type: "FirstError", message: "hello" });
  await page.getByText("Connected").waitFor();
  await page.getByRole("link", { name: /FirstError/ }).waitFor();

  // Where is my event? What was stored leads to its issue, what was refused says why, live.
  const newKey = new URL(newDsn.trim()).username;
  await page.getByRole("link", { name: "Ingestion" }).click();
  const stored = page.getByRole("button", { name: /Stored error Event/ });
  await stored.waitFor();
  const refused = await fetch(`${url}/api/errors?key=${newKey}`, { method: "POST", body: '{"error":{"type":5}}' });
  assert.equal(refused.status, 400);
  await page.getByRole("button", { name: "1 new outcome" }).click();
  await page.getByRole("button", { name: /Refused error invalid error\.type/ }).click();
  await page.getByText("Look at the field and position named here", { exact: false }).waitFor();
  await shot("ingestion-light");
  await page.getByRole("button", { name: "Refused", exact: true }).click();
  await page.waitForURL(/kind=refused/);
  await stored.waitFor({ state: "detached" });
  await page.goBack();
  await page.getByRole("link", { name: "Ingestion" }).click();
  await stored.click();
  await page.getByRole("link", { name: "Open its issue" }).click();
  await page
    .getByRole("heading", { name: /FirstError/ })
    .first()
    .waitFor();

  // On a phone, in the dark.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(`${url}/issues`);
  await page.getByRole("link", { name: /LiveError/ }).waitFor();
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the phone`);
  await shot("issues-phone-dark");

  assert.deepEqual(problems, []);
} catch (error) {
  await shot("failed");
  console.error(problems.join("\n"));
  throw error;
} finally {
  await browser.close();
}
