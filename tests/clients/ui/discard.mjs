// An issue is discarded, and no longer, in the browser; its events are turned away at the
// door meanwhile, whichever process that is. Run by tests/e2e/roles.rs at the query role.
import assert from "node:assert/strict";
import { at, scenario, sendErrors } from "./scenario.mjs";

await scenario("discard", async ({ page }) => {
  const error = { error: { type: "NoiseError", message: "again and again" } };
  await sendErrors([error]);
  await page.goto(`${at.url}/issues`);
  await page.getByRole("link", { name: /NoiseError/ }).click();
  await page.getByRole("button", { name: "More to do with this issue" }).click();
  const discarded = page.waitForResponse(/\/DiscardIssues$/);
  await page.getByRole("menuitem", { name: /^Discard/ }).click();
  await (await discarded).finished();
  await page.getByText(/^Discarded: 0 events turned away/).waitFor();
  // The gateway learns of it from the log that it wrote: from the answer on.
  await sendErrors([error, error]);
  // The page follows what is turned away by itself.
  await page.getByText(/^Discarded: 2 events turned away/).waitFor();
  // The page shows what was pressed before it is decided.
  const answered = page.waitForResponse(/\/UndiscardIssues$/);
  await page.getByRole("button", { name: "Stop discarding" }).click();
  await (await answered).finished();
  await page.getByRole("button", { name: "Resolve", exact: true }).waitFor();
  await sendErrors([error]);
  await page.getByRole("link", { name: /^Events 2/ }).waitFor();
  assert.equal(await page.getByText(/^Discarded: /).count(), 0);
});
