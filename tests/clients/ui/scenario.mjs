// What every scenario of the web UI shares: the browser, a signed-in page, what the page
// complained about, and the server, which can be stopped and started.
//
// Run by tests/e2e/seeded.rs as `node ui/NAME.mjs URL DSN EMAIL PASSWORD`; by hand against
// any server, but then nobody answers `server.stop()`.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { launch } from "../chromium.mjs";

const [url, dsn, email, password] = process.argv.slice(2);
const folder = process.env.ERRATA_TEST_SCREENSHOTS ?? fileURLToPath(new URL("../../artifacts", import.meta.url));
mkdirSync(folder, { recursive: true });

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function ask(what) {
  process.stdout.write(`@server ${what}\n`);
  const { value, done } = await answers.next();
  assert.ok(!done && value === "done", `nobody does ${what}: run the scenario by tests/e2e/seeded.rs`);
}

export const server = { stop: () => ask("stop"), kill: () => ask("kill"), start: () => ask("start") };
export const at = { url, dsn, email, password, key: new URL(dsn).username };

/** Sends events as an application would; each is the native JSON of an event. */
export async function sendErrors(errors, key = at.key) {
  const response = await fetch(`${url}/api/errors/batch?key=${key}`, {
    method: "POST",
    body: JSON.stringify({ errors }),
  });
  assert.equal(response.status, 202, await response.clone().text());
  return (await response.json()).results;
}

/** Waits for so many answers to a command, from now on: a page shows what was pressed before it is decided. Call it before the press. */
export async function answered(page, command, times = 1) {
  let left = times;
  await page.waitForEvent("requestfinished", {
    predicate: (request) => request.url().endsWith(`/${command}`) && (left -= 1) === 0,
  });
}

/** Signs in by the form. */
export async function signIn(page, who = at) {
  await page.goto(`${url}/issues`);
  await page.getByLabel("E-mail").fill(who.email);
  await page.getByLabel("Password").fill(who.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(/\/issues/);
}

/**
 * Runs `steps({ page, context, browser, shot, problems })` signed in, and fails on whatever the page
 * complained about besides what `expected` (regular expressions) allows.
 */
export async function scenario(name, steps, { expected = [], ...options } = {}) {
  const browser = await launch();
  const problems = [];
  let page;
  const shot = (of) => page.screenshot({ path: `${folder}/${name}-${of}.png`, animations: "disabled" });
  try {
    const context = await browser.newContext({ viewport: WIDE, colorScheme: "light", ...options });
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("pageerror", (error) => problems.push(`uncaught in the page: ${error}`));
    // Being sent to the sign-in page is answered 401 on the way.
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await signIn(page);
    await steps({ page, context, browser, shot, problems });
    const allowed = [/401/, ...expected];
    assert.deepEqual(
      problems.filter((problem) => !allowed.some((pattern) => pattern.test(problem))),
      [],
    );
  } catch (error) {
    if (page) await shot("failed").catch(() => {});
    console.log(problems.join("\n"));
    console.log(error.stack ?? String(error));
    process.exitCode = 1;
  } finally {
    await browser.close();
    process.stdin.destroy();
  }
}
