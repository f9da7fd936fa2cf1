// Runs a page with a browser SDK in Chromium, from another origin than the server's:
// browser_sdk.mjs sentry|errata DSN. Prints the ids of the events the page captured.
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { launch } from "./chromium.mjs";

const [sdk, dsn] = process.argv.slice(2);
const modules = { sentry: "@sentry/browser", errata: "@errata/sdk/browser" };
const source = `
import * as SDK from ${JSON.stringify(modules[sdk])};
SDK.init({ dsn: ${JSON.stringify(dsn)}, release: "web@9.0.1", environment: "production" });
SDK.setTag("page", "checkout");
function applyCoupon(basket) {
  return basket.coupon.code;
}
window.run = async () => {
  console.warn("coupon looks odd");
  let id;
  try {
    applyCoupon({});
  } catch (error) {
    id = SDK.captureException(error);
  }
  // Not caught by the page: the SDK's global handler has to take it.
  setTimeout(() => { throw new RangeError("basket of ${sdk} overflowed"); }, 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (!(await SDK.flush(10000))) throw new Error("flush timed out");
  return id;
};
`;
const bundle = await build({
  stdin: { contents: source, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "js" },
  bundle: true,
  format: "iife",
  write: false,
});
const script = bundle.outputFiles[0].text;
const server = createServer((request, response) => {
  const [type, body] =
    request.url === "/app.js"
      ? ["text/javascript", script]
      : ["text/html", "<!doctype html><title>shop</title><script src=/app.js></script>"];
  response.writeHead(200, { "content-type": type }).end(body);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const browser = await launch();
try {
  const page = await browser.newPage();
  const problems = [];
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  console.log(await page.evaluate(() => window.run()));
  const blocked = problems.filter((text) => /CORS|blocked|Failed to load/.test(text));
  if (blocked.length > 0) throw new Error(blocked.join("\n"));
} finally {
  await browser.close();
  server.close();
}
