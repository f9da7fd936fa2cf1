// People, tokens, sessions, keys and the first hour, as an owner and as a member meet them.
import assert from "node:assert/strict";
import { PHONE, WIDE, answered, at, scenario, signIn } from "./scenario.mjs";

const ADA = { email: "ada@example.org", password: "a long enough sentence" };

await scenario(
  "accounts",
  async ({ page, browser, shot }) => {
    const row = (list, text) => page.getByRole("list", { name: list }).getByRole("listitem").filter({ hasText: text });

    // Nobody would be told: that is said where people look.
    await page.getByText("Alerts are off: no mail server is set.").waitFor();
    await page.getByRole("link", { name: "Alerts", exact: true }).click();
    await page.getByText("ERRATA_SMTP__URL", { exact: false }).waitFor();
    await page.getByText("Nothing was due yet").waitFor();
    await shot("alerts");

    // An invitation; its page says whose it is, before anybody types.
    await page.goto(`${at.url}/settings/members`);
    await page.getByLabel("E-mail of the new member").fill(ADA.email);
    await page.getByRole("button", { name: "Invite" }).click();
    const invitation = await page.getByLabel("invitation link", { exact: true }).innerText();
    const member = page.getByRole("listitem").filter({ hasText: ADA.email });
    await member.getByText("invited, has not come yet").waitFor();
    await shot("members");
    const others = await browser.newContext({ viewport: WIDE });
    const hers = await others.newPage();
    await hers.goto(invitation.trim());
    await hers.getByText(`Setting the password of ${ADA.email}`).waitFor();
    assert.equal(await hers.getByLabel("E-mail").count(), 0, "she is asked for an address that is known");
    await hers.getByLabel("Password").fill(ADA.password);
    await hers.getByRole("button", { name: "Set password and sign in" }).click();
    await hers.waitForURL(/\/issues/);

    // The link works once, and says so without a form.
    const again = await (await browser.newContext()).newPage();
    await again.goto(invitation.trim());
    await again.getByRole("heading", { name: "This link was used" }).waitFor();
    assert.equal(await again.getByLabel("Password").count(), 0);

    // A member is not offered what only owners may do.
    await hers.goto(`${at.url}/projects`);
    await hers.getByText("An owner can add projects.").waitFor();
    assert.equal(await hers.getByRole("button", { name: "New project" }).count(), 0);
    await hers.goto(`${at.url}/settings/members`);
    await hers.getByText("Only an owner can invite").waitFor();
    assert.equal(await hers.getByRole("button", { name: "Invite" }).count(), 0);

    // Her own token: listed, still there after a reload, revoked.
    await hers.goto(`${at.url}/settings/tokens`);
    await hers.getByLabel("What the token is for").fill("nightly report");
    await hers.getByRole("button", { name: "Create token" }).click();
    const token = (await hers.getByLabel("API token", { exact: true }).innerText()).trim();
    const reads = async () =>
      (await fetch(`${at.url}/api/issues?limit=1`, { headers: { authorization: `Bearer ${token}` } })).status;
    assert.equal(await reads(), 200);
    await hers.reload();
    await hers.getByText("nightly report").waitFor();
    await hers.getByText("Reads only", { exact: true }).waitFor();
    await hers
      .getByText(/used (just now|\d+[sm] ago)/)
      .first()
      .waitFor();

    // The owner sees it, too; removes her: her pages and her token are out at once.
    await page.goto(`${at.url}/settings/tokens`);
    await row("Tokens", "nightly report").getByText(ADA.email).waitFor();
    await shot("tokens");
    await page.goto(`${at.url}/settings/members`);

    // Which projects she sees: true of what she reads from then on, and taken back by Undo.
    const statusOf = async (project) =>
      (
        await fetch(`${at.url}/api/issues?limit=1&project=${project}`, {
          headers: { authorization: `Bearer ${token}` },
        })
      ).status;
    const statuses = async () => (await Promise.all([1, 2, 3].map(statusOf))).sort();
    assert.deepEqual(await statuses(), [200, 200, 200]);
    await page.getByRole("button", { name: `Change ${ADA.email}` }).click();
    await page.getByRole("menuitem", { name: "Projects they see…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("All projects").click();
    await dialog.getByRole("group", { name: "Projects" }).getByRole("checkbox").first().check();
    await shot("sight");
    const narrowed = answered(page, "SetUserProjects");
    await dialog.getByRole("button", { name: "Save" }).click();
    await narrowed;
    await page.getByText(/ sees 1 project now/).waitFor();
    assert.deepEqual(await statuses(), [200, 404, 404]);
    const widened = answered(page, "SetUserProjects");
    await page.getByRole("button", { name: "Undo" }).last().click();
    await widened;
    assert.deepEqual(await statuses(), [200, 200, 200]);

    await page.getByRole("button", { name: `Change ${ADA.email}` }).click();
    await page.getByRole("menuitem", { name: "Make an owner" }).click();
    await page.getByText(`${ADA.email} is an owner now`).waitFor();
    await page.getByRole("button", { name: "Undo" }).last().click();
    await page.getByRole("button", { name: `Change ${ADA.email}` }).click();
    await page.getByRole("menuitem", { name: "Make an owner" }).waitFor();
    await page.getByRole("menuitem", { name: "Remove…" }).click();
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByRole("button", { name: "Bring back" }).waitFor();
    assert.equal(await reads(), 403);
    await hers.goto(`${at.url}/issues`);
    await hers.waitForURL(/\/sign-in/);
    await hers.getByLabel("E-mail").fill(ADA.email);
    await hers.getByLabel("Password").fill(ADA.password);
    await hers.getByRole("button", { name: "Sign in" }).click();
    await hers.getByText("E-mail and password do not match.").waitFor();
    // Again and again: the page says for how long it is enough.
    for (let n = 0; n < 5; n += 1) {
      const answered = hers.waitForResponse(/sign-in/);
      await hers.getByRole("button", { name: "Sign in" }).click();
      await answered;
    }
    await hers.getByText(/Try again in \d+ s/).waitFor();

    // Sessions: this one is told from another, which is ended.
    const elsewhere = await (await browser.newContext({ viewport: WIDE })).newPage();
    await signIn(elsewhere);
    await page.goto(`${at.url}/settings/sessions`);
    await page.getByText("This one").waitFor();
    await shot("sessions");
    await page
      .getByRole("button", { name: /^Sign out Chrome/ })
      .first()
      .click();
    await page.getByText("Signed out there").waitFor();

    // Keys: a new one, and the old one disabled with a way back.
    await page.goto(`${at.url}/projects/1/settings`);
    await page.getByLabel("What the new key is for").fill("mobile");
    await page.getByRole("button", { name: "Create key" }).click();
    await row("Keys", "mobile").waitFor();
    await page.getByRole("button", { name: "Disable the key mobile" }).click();
    await row("Keys", "mobile").getByText("Disabled").waitFor();
    await page.getByRole("button", { name: "Undo" }).last().click();
    await page.getByRole("button", { name: "Disable the key mobile" }).waitFor();
    await shot("keys");

    // Unsaved filters are not lost without a word.
    await page.getByText("Localhost", { exact: true }).click();
    await page.getByRole("link", { name: "Ingestion" }).click();
    await page.getByRole("heading", { name: "Leave without saving?" }).waitFor();
    await page.getByRole("button", { name: "Stay" }).click();
    assert.match(page.url(), /projects\/1\/settings/);
    await page.getByRole("link", { name: "Ingestion" }).click();
    await page.getByRole("button", { name: "Leave", exact: true }).click();
    await page.waitForURL(/ingestion/);

    // Set-up: the platform is in the address, and still chosen after a reload.
    await page.goto(`${at.url}/projects/1/set-up`);
    await page.getByText("npm install @sentry/browser").waitFor();
    await page.getByRole("button", { name: "Django", exact: true }).click();
    await page.waitForURL(/platform=django/);
    await page.reload();
    await page.getByText('pip install "sentry-sdk[django]"').waitFor();
    await shot("set-up");

    // Both sizes, both themes: nothing is wider than the screen.
    for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        for (const path of [
          "settings",
          "settings/members",
          "settings/tokens",
          "settings/sessions",
          "alerts",
          "projects",
          "projects/1",
          "projects/1/set-up",
          "projects/1/settings",
        ]) {
          await page.goto(`${at.url}/${path}`);
          await page.getByRole("heading", { level: 1 }).waitFor();
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          assert.ok(overflow <= 0, `${path} is ${overflow} px wider than ${size}`);
          await shot(`${path.replaceAll("/", "-")}-${size}-${colorScheme}`);
        }
      }
    }
  },
  { expected: [/401/, /403/, /429/] },
);
