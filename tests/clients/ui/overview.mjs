// Many issues, seen by a person who has just signed in, at both sizes.
import assert from "node:assert/strict";
import { PHONE, WIDE, at, scenario } from "./scenario.mjs";

await scenario("overview", async ({ page, shot }) => {
  const rows = page.locator("main").getByRole("link", { name: /: / });
  await rows.first().waitFor();
  for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
    await page.setViewportSize(viewport);
    for (const path of ["/issues", "/dashboard"]) {
      await page.goto(at.url + path);
      await page.locator("main").getByRole("link").first().waitFor();
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${path} is ${overflow} px wider than ${size}`);
      await shot(`${path.slice(1)}-${size}`);
    }
  }
});
