// Screenshots of every page against the mock server, into dev/screenshots/: to be
// looked at. `npm run build` first. Arguments narrow it: `npm run shots -- issues dark`.
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";

const out = fileURLToPath(new URL("./screenshots/", import.meta.url));
const only = process.argv.slice(2);
const sizes = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
const schemes = ["light", "dark"] as const;

interface Shot {
  name: string;
  path: string;
  data: ("none" | "few" | "many")[];
  act?: (page: Page) => Promise<void>;
  whole?: boolean;
}

const firstIssue = async (page: Page) => {
  await page.locator("a[data-issue]").first().click();
  await page.getByText("Newest call first").waitFor();
};

const shots: Shot[] = [
  { name: "issues", path: "/issues?range=30d", data: ["many", "few", "none"] },
  {
    name: "selection", path: "/issues?range=30d&level=error,warning&q=e", data: ["many"],
    act: async (page) => {
      await page.locator("a[data-issue]").first().waitFor();
      for (const key of ["j", "x", "j", "x", "j"]) await page.keyboard.press(key);
    },
  },
  { name: "nomatch", path: "/issues?q=zzz", data: ["many"] },
  { name: "issue", path: "/issues?range=30d&q=declined", data: ["many"], act: firstIssue, whole: true },
  { name: "issue-web", path: "/issues?range=7d&q=price", data: ["many"], act: firstIssue },
  { name: "issue-quiet", path: "/issues?range=30d&status=resolved", data: ["many"], act: firstIssue },
  { name: "dashboard", path: "/dashboard?range=7d", data: ["many", "none"], whole: true },
  { name: "dashboard-project", path: "/dashboard?range=30d", data: ["few"], act: (page) => page.getByRole("button", { name: "By project" }).click() },
  { name: "projects", path: "/projects", data: ["many"] },
  { name: "project", path: "/projects/2", data: ["many"], whole: true },
  {
    name: "ingestion", path: "/projects/2/ingestion", data: ["many"],
    act: async (page) => {
      await page.getByRole("button", { name: /error\.frames/ }).first().click();
      await page.getByText("Look at the field").waitFor();
    },
  },
  { name: "ingestion-stored", path: "/projects/2/ingestion?kind=stored", data: ["many"], act: (page) => page.getByRole("button", { name: /Stored/ }).nth(1).click() },
  { name: "ingestion-lost", path: "/projects/2/ingestion?of=unattributed", data: ["many"] },
  { name: "ingestion", path: "/projects/1/ingestion", data: ["none"] },
  { name: "waiting", path: "/projects/1", data: ["none"] },
  { name: "settings", path: "/settings", data: ["many"] },
  { name: "sign-in", path: "/sign-in", data: ["none"] },
  { name: "welcome", path: "/welcome#secret", data: ["none"] },
];

async function startMock(data: string): Promise<{ url: string; stop: () => void }> {
  const child = spawn(process.execPath, ["--import", "tsx", fileURLToPath(new URL("./mock-server.ts", import.meta.url))], {
    env: { ...process.env, MOCK: data, MOCK_PORT: "0", MOCK_QUIET: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const chunk of child.stdout) {
    const url = /http:\/\/\S+/.exec(String(chunk))?.[0];
    if (url) return { url, stop: () => child.kill() };
  }
  throw new Error("the mock server did not start");
}

mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let taken = 0;
for (const data of ["many", "few", "none"] as const) {
  const mock = await startMock(data);
  for (const [sizeName, viewport] of Object.entries(sizes)) {
    for (const scheme of schemes) {
      const context = await browser.newContext({ viewport, colorScheme: scheme });
      await context.addCookies([{ name: "errata_session", value: "mock", url: mock.url }]);
      const page = await context.newPage();
      page.on("pageerror", (error) => console.error(`page error: ${error.message}`));
      page.on("console", (message) => {
        if (message.type() === "error") console.error(`console: ${message.text()}`);
      });
      for (const shot of shots.filter((each) => each.data.includes(data))) {
        const name = `${shot.name}-${data}-${sizeName}-${scheme}`;
        if (!only.every((word) => name.split("-").includes(word) || name.startsWith(word))) continue;
        try {
          await page.goto(mock.url + shot.path);
          await page.locator("h1").first().waitFor();
          await page.waitForFunction(() => document.querySelectorAll(".MuiSkeleton-root").length === 0, undefined, { timeout: 8000 });
          await shot.act?.(page);
          await page.waitForFunction(() => document.querySelectorAll(".MuiSkeleton-root").length === 0, undefined, { timeout: 8000 });
          await page.screenshot({ path: `${out}${name}.png`, fullPage: shot.whole === true });
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          if (overflow > 0) console.error(`${name}: ${overflow} px wider than the window`);
          taken += 1;
        } catch (error) {
          console.error(`${name}: ${String(error).split("\n")[0] ?? ""}`);
          await page.screenshot({ path: `${out}${name}-failed.png` });
        }
      }
      await context.close();
    }
  }
  mock.stop();
}
await browser.close();
console.log(`${taken} screenshots in dev/screenshots/`);
