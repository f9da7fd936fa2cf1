// Makes the README's pictures: readme_images.mjs ERRATA_BINARY [FOLDER].
// Starts a server on a fresh directory, sends a made-up shop's errors of the last
// day, and takes the pictures into FOLDER (docs/images unless given).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "./chromium.mjs";

const [binary, folder = fileURLToPath(new URL("../../docs/images", import.meta.url))] = process.argv.slice(2);
if (!binary) throw new Error("usage: readme_images.mjs ERRATA_BINARY [FOLDER]");

const KEY = "5d1f0c6e2b7a49388e4c1a9d60b3f7e2";
const OWNER = "ada@shop.example:a long sentence for the pictures";
const DAY_MS = 24 * 3600 * 1000;
const START_MS = 20_000;
/** At most this many events in one request. */
const BATCH = 100;

// The same pictures at each run but for their times.
let seed = 7;
function random() {
  seed = (seed * 1103515245 + 12345) % 2 ** 31;
  return seed / 2 ** 31;
}
const pick = (list) => list[Math.floor(random() * list.length)];
const people = Array.from({ length: 180 }, (_, index) => ({
  id: `u-${1000 + index}`,
  email: `customer${index + 1}@mail.example`,
}));
const clients = [
  { os: "macOS 15.1", language: "en-GB", resolution: "1440x900" },
  { os: "Windows 11", language: "de-DE", resolution: "1920x1080" },
  { os: "iOS 18.2", language: "en-US", resolution: "390x844" },
  { os: "Android 15", language: "fr-FR", resolution: "412x915" },
];

const frame = (fn, filename, lineno, colno, [pre, line, post], vars) => ({
  function: fn,
  filename,
  abs_path: `https://shop.example/${filename}`,
  lineno,
  colno,
  in_app: true,
  pre_context: pre,
  context_line: line,
  post_context: post,
  ...(vars && { vars }),
});
const foreign = (fn, filename, lineno) => ({ function: fn, filename, lineno, in_app: false });

const totalFrame = frame(
  "orderTotal",
  "src/checkout/cart.ts",
  42,
  31,
  [
    [
      "export function orderTotal(cart: Cart, rates: Rates): Money {",
      "  let cents = 0;",
      "  for (const line of cart.lines) {",
    ],
    "    cents += line.product.price.cents * line.quantity;",
    ["  }", "  return { cents, currency: rates.base };", "}"],
  ],
  { cents: 4990, line: { sku: "TEA-250", quantity: 2, product: null }, rates: { base: "EUR" } },
);
const payFrame = frame("payOrder", "src/checkout/pay.ts", 88, 19, [
  ["export async function payOrder(cart: Cart, method: Method) {", "  const rates = await loadRates(cart.currency);"],
  "  const total = orderTotal(cart, rates);",
  ["  const intent = await payments.create(total, method);", "  return confirm(intent);", "}"],
]);
const react = [
  foreign("callCallback", "node_modules/react-dom/cjs/react-dom.development.js", 4164),
  foreign("invokeGuardedCallback", "node_modules/react-dom/cjs/react-dom.development.js", 4277),
  foreign("dispatchEvent", "node_modules/react-dom/cjs/react-dom.development.js", 6430),
];

const plain = (fn, filename, lineno, line) => [frame(fn, filename, lineno, 11, [[], line, []])];
// By how many events, and how they lie over the day: `when` maps 0..1 to 0..1 (now).
const issues = [
  {
    count: 312,
    level: "error",
    platform: "javascript",
    releases: ["shop@3.4.1"],
    when: (at) => 0.72 + 0.279 * Math.sqrt(at),
    error: {
      type: "TypeError",
      message: "Cannot read properties of null (reading 'price')",
      handled: false,
      mechanism: "onunhandledrejection",
      frames: [...react, payFrame, totalFrame],
      causes: [
        {
          type: "CatalogError",
          message: "product TEA-250 is not in the catalogue of DE",
          handled: true,
          frames: plain(
            "findProduct",
            "src/catalog/find.ts",
            27,
            "    throw new CatalogError(`product ${sku} is not in the catalogue of ${country}`);",
          ),
        },
      ],
    },
    tags: () => ({
      "payment.method": pick(["card", "card", "paypal"]),
      country: pick(["DE", "DE", "DE", "AT"]),
      browser: pick(["Chrome 131", "Chrome 131", "Safari 18", "Firefox 133"]),
    }),
    steps: [
      [9200, "navigation", "navigation", "", { from: "/tea", to: "/tea/TEA-250" }],
      [6100, "ui", "ui.click", "button#add-to-cart", {}],
      [5900, "http", "fetch", "", { method: "POST", url: "/api/cart/lines", status_code: 201 }],
      [3200, "navigation", "navigation", "", { from: "/tea/TEA-250", to: "/checkout" }],
      [900, "http", "fetch", "", { method: "GET", url: "/api/catalog/DE/TEA-250", status_code: 404 }],
      [300, "ui", "ui.click", "button#pay", {}],
    ],
    url: "https://shop.example/checkout",
  },
  {
    count: 148,
    level: "error",
    platform: "node",
    releases: ["api@2.11.0", "api@2.10.3"],
    when: (at) => at,
    error: {
      type: "TimeoutError",
      message: "the payment provider did not answer within 5000 ms",
      handled: true,
      frames: plain(
        "createIntent",
        "src/payments/provider.ts",
        63,
        "  throw new TimeoutError(`the payment provider did not answer within ${limit} ms`);",
      ),
    },
  },
  {
    count: 96,
    level: "error",
    platform: "python",
    releases: ["worker@1.9.2"],
    when: (at) => 0.3 + 0.69 * at,
    error: {
      type: "IntegrityError",
      message: 'duplicate key value violates unique constraint "invoice_number_key"',
      handled: false,
      frames: plain(
        "write_invoice",
        "billing/invoices.py",
        118,
        "    session.execute(insert(invoice).values(number=number, order_id=order.id))",
      ),
    },
  },
  {
    count: 61,
    level: "warning",
    platform: "javascript",
    releases: ["shop@3.4.1", "shop@3.4.0"],
    when: (at) => at * 0.98,
    error: {
      type: "ChunkLoadError",
      message: "Loading chunk checkout failed",
      handled: false,
      frames: plain("loadRoute", "src/app/routes.ts", 19, "  return import(`./pages/${name}`);"),
    },
  },
  {
    count: 23,
    level: "fatal",
    platform: "node",
    releases: ["api@2.11.0"],
    when: (at) => 0.86 + 0.12 * at,
    error: {
      type: "Error",
      message: "connect ECONNREFUSED: no connection to the order database",
      handled: false,
      frames: plain("openPool", "src/storage/pool.ts", 34, "  await pool.connect();"),
    },
  },
  {
    count: 41,
    level: "error",
    platform: "javascript",
    releases: ["shop@3.4.0"],
    when: (at) => at * 0.9,
    error: {
      type: "QuotaExceededError",
      message: "The quota has been exceeded.",
      handled: true,
      frames: plain("saveDraft", "src/cart/draft.ts", 12, "  localStorage.setItem(DRAFT, JSON.stringify(cart));"),
    },
  },
  {
    count: 17,
    level: "error",
    platform: "python",
    releases: ["worker@1.9.2", "worker@1.9.1"],
    when: (at) => at * 0.8,
    error: {
      type: "KeyError",
      message: "'vat_rate'",
      handled: false,
      frames: plain("vat_of", "billing/tax.py", 51, "    return amount * COUNTRIES[country]['vat_rate']"),
    },
  },
  {
    count: 8,
    level: "error",
    platform: "node",
    releases: ["api@2.10.3"],
    when: (at) => at * 0.6,
    error: {
      type: "SyntaxError",
      message: "Unexpected token '<' in JSON at position 0",
      handled: true,
      frames: plain("readRates", "src/rates/load.ts", 29, "  const rates = JSON.parse(body) as Rates;"),
    },
  },
  {
    count: 34,
    level: "info",
    platform: "node",
    releases: ["api@2.11.0"],
    when: (at) => at,
    error: { message: "Stock of TEA-250 is below 10" },
  },
  {
    count: 5,
    level: "error",
    platform: "javascript",
    releases: ["shop@3.4.1"],
    when: (at) => 0.9 + 0.09 * at,
    error: {
      type: "RangeError",
      message: "Invalid time value",
      handled: false,
      frames: plain("deliveryDay", "src/delivery/day.ts", 8, "  return format.format(new Date(slot.day));"),
    },
  },
];

function eventOf(issue, index, now) {
  const at = now - DAY_MS + 60_000 + Math.floor(issue.when((index + random()) / issue.count) * (DAY_MS - 120_000));
  return {
    error: issue.error,
    level: issue.level,
    platform: issue.platform,
    environment: random() < 0.9 ? "production" : "staging",
    release: issue.releases[random() < 0.75 ? 0 : issue.releases.length - 1],
    timestamp: new Date(at).toISOString(),
    ...(issue.level !== "info" && { user: pick(people) }),
    client: { ...pick(clients), ...(issue.url && { url: issue.url }) },
    tags: issue.tags?.() ?? {},
    ...(issue.steps && {
      context: {
        breadcrumbs: issue.steps.map(([before, type, category, message, data]) => ({
          timestamp: new Date(at - before).toISOString(),
          type,
          category,
          message,
          data,
        })),
      },
    }),
  };
}

async function send(url, events) {
  for (let start = 0; start < events.length; start += BATCH) {
    const response = await fetch(`${url}/api/errors/batch`, {
      method: "POST",
      headers: { authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ errors: events.slice(start, start + BATCH) }),
    });
    const answer = await response.text();
    assert.ok(response.ok && !/"error"/.test(answer), answer.slice(0, 500));
  }
}

/** The server's address, once it says so. */
function started(server) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("the server did not start")), START_MS);
    let text = "";
    server.stdout.on("data", (chunk) => {
      text += chunk;
      const url = /Web UI\s+(\S+)/.exec(text)?.[1];
      if (!url) return;
      clearTimeout(late);
      resolve(url);
    });
    server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

mkdirSync(folder, { recursive: true });
const data = mkdtempSync(join(tmpdir(), "errata-images-"));
const server = spawn(binary, ["serve", "--data-dir", data], {
  env: {
    ...process.env,
    ERRATA_BOOTSTRAP_KEY: KEY,
    ERRATA_BOOTSTRAP_OWNER: OWNER,
    ERRATA_LISTEN: "127.0.0.1:0",
    ERRATA_METRICS__LISTEN: "127.0.0.1:0",
  },
  stdio: ["ignore", "pipe", "inherit"],
});
let browser;
try {
  const url = await started(server);
  const now = Date.now();
  // In the order of their time, as they would have come.
  await send(
    url,
    issues
      .flatMap((issue) => Array.from({ length: issue.count }, (_, index) => eventOf(issue, index, now)))
      .sort((a, b) => a.timestamp.localeCompare(b.timestamp)),
  );

  browser = await launch();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const shot = (name) => page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });

  await page.goto(`${url}/issues`);
  await page.getByLabel("E-mail").fill(OWNER.slice(0, OWNER.indexOf(":")));
  await page.getByLabel("Password").fill(OWNER.slice(OWNER.indexOf(":") + 1));
  await page.getByRole("button", { name: "Sign in" }).click();
  const row = (name) => page.getByRole("link", { name });
  await row(/TypeError/).waitFor();

  // Some are in somebody's hands.
  for (const name of [/TimeoutError/, /IntegrityError/]) {
    await row(name).click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await page.getByRole("button", { name: "Assign", exact: true }).click();
    await page.getByRole("option", { name: /\(you\)/ }).click();
    await page
      .getByRole("region", { name: "Activity" })
      .getByText(/assigned/i)
      .first()
      .waitFor();
    await page.goBack();
  }
  await page.goto(`${url}/issues?sort=count`);
  await page.getByLabel(`${issues[0].count} events`).first().waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await shot("issues");

  await row(/TypeError/).click();
  await page.getByText("line.product.price.cents").first().waitFor();
  await page.getByText("button#pay", { exact: true }).waitFor();
  await page.getByText("payment.method").first().waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await shot("issue");
} finally {
  await browser?.close();
  server.kill("SIGTERM");
  await new Promise((resolve) => (server.exitCode === null ? server.on("exit", resolve) : resolve()));
  rmSync(data, { recursive: true, force: true });
}
