// Runs our SDK in Chromium among servers that misbehave and in pages that are odd.
// Needs no Errata: what is tested is what the page does. Prints the scenarios that held.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { build } from "esbuild";
import { launch } from "./chromium.mjs";

const WAIT_MS = 20_000;

/** The server that errors are sent to: `answers` in order, then Errata's own. */
class Errata {
  answers = [];
  events = [];
  hits = [];
  port = 0;

  async start() {
    this.server = createServer((request, response) => this.#take(request, response));
    await new Promise((resolve) => this.server.listen(this.port, "127.0.0.1", resolve));
    this.port = this.server.address().port;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get messages() {
    return this.events.map((event) => event.error.message);
  }

  #take(request, response) {
    const chunks = [];
    request
      .on("data", (chunk) => chunks.push(chunk))
      .on("end", () => {
        this.hits.push(`${request.method} ${request.url.split("?")[0]}`);
        response.setHeader("Access-Control-Allow-Origin", "*");
        const body = Buffer.concat(chunks);
        if (!body.length) return response.writeHead(200).end("a page");
        const { errors } = JSON.parse(body[0] === 0x1f ? gunzipSync(body) : body);
        this.events.push(...errors);
        const answer = this.answers.shift();
        if (answer) return answer(response);
        response.writeHead(202, { "Content-Type": "application/json" });
        response.end(JSON.stringify({ results: errors.map(({ id }) => ({ id })) }));
      });
  }
}

const bundle = await build({
  stdin: {
    contents: 'export * from "@errata/sdk/browser";',
    resolveDir: fileURLToPath(new URL(".", import.meta.url)),
    loader: "js",
  },
  bundle: true,
  format: "esm",
  write: false,
});
// Scripts are modules: sloppy code would hide what a frozen world does.
const site = createServer((request, response) => {
  const [type, body] =
    request.url === "/sdk.js"
      ? ["text/javascript", bundle.outputFiles[0].text]
      : request.url === "/worker.js"
        ? [
            "text/javascript",
            'import * as Errata from "/sdk.js"; onmessage = ({ data }) => { Errata.init({ dsn: data }); Errata.captureException(new Error("in a worker")); setTimeout(() => { throw new Error("uncaught in a worker"); }); };',
          ]
        : [
            "text/html",
            "<!doctype html><title>shop</title><script>window.inline = () => Errata.captureException(new Error('inline'));</script>",
          ];
  response.writeHead(200, { "content-type": type }).end(body);
});
await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${site.address().port}`;

async function until(what, holds) {
  const deadline = performance.now() + WAIT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const browser = await launch();
const held = [];

/** A page with the SDK as `Errata`, started; `prelude` runs before it is loaded. */
async function scenario(name, act, { prelude = "", path = "/", options = "" } = {}) {
  const server = new Errata();
  await server.start();
  const context = await browser.newContext();
  const said = [];
  try {
    const page = await context.newPage();
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    await page.goto(origin + path);
    const dsn = `http://0123456789abcdef0123456789abcdef@127.0.0.1:${server.port}/1`;
    await page.addScriptTag({
      type: "module",
      content: `${prelude}\nconst SDK = await import("/sdk.js");\nSDK.init({ dsn: "${dsn}", ${options} });\nwindow.Errata = SDK;`,
    });
    await page.waitForFunction(() => window.Errata);
    const stats = () => page.evaluate(() => window.Errata.stats());
    await act({ page, server, stats, said, dsn, context });
    held.push(name);
  } catch (error) {
    error.message = `${name}: ${error.message}\n${said.join("\n")}`;
    throw error;
  } finally {
    await context.close();
    await server.stop();
  }
}

const capture = (page, ...messages) =>
  page.evaluate((all) => {
    for (const text of all) window.Errata.captureException(new Error(text));
  }, messages);
const hide = (page, state) =>
  page.evaluate((value) => {
    Object.defineProperty(document, "visibilityState", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);

try {
  await scenario("a login page and a followed redirect acknowledge nothing", async ({ page, server, stats, said }) => {
    server.answers = [
      (response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<form>"),
      (response) => response.writeHead(302, { Location: "/login" }).end(),
    ];
    await capture(page, "precious");
    await until("sent", async () => (await stats()).sent === 1);
    assert.deepEqual(server.hits, Array(3).fill("POST /api/errors/batch"));
    assert.equal(new Set(server.events.map((event) => event.id)).size, 1);
    assert.ok(
      said.some((text) => text.includes("gave no answer of Errata")),
      said.join("\n"),
    );
    assert.ok(
      said.some((text) => text.includes("not followed")),
      said.join("\n"),
    );
  });

  await scenario("an endless answer is broken off", async ({ page, server, stats }) => {
    let bytes = 0;
    let closed = false;
    server.answers = [
      (response) => {
        const chunk = Buffer.alloc(65_536, " ");
        const more = () => {
          do bytes += chunk.length;
          while (!response.destroyed && response.write(chunk));
        };
        response
          .writeHead(200)
          .on("drain", more)
          .on("close", () => {
            closed = true;
          });
        more();
      },
    ];
    await capture(page, "precious");
    await until("sent", async () => (await stats()).sent === 1);
    assert.ok(closed && bytes < 64 * 1_048_576, `${bytes} bytes, closed: ${closed}`);
  });

  await scenario("a hidden tab loses nothing while the server is away", async ({ page, server, stats }) => {
    await server.stop();
    await capture(page, "1", "2", "3", "4", "5");
    await hide(page, "hidden");
    const { captured, sent, queued, unconfirmed, dropped } = await stats();
    assert.deepEqual([captured, sent, queued + unconfirmed, dropped], [5, 0, 5, {}]);
    await server.start();
    await hide(page, "visible");
    await until("all sent", async () => (await stats()).sent === 5);
    assert.deepEqual([...new Set(server.messages)].sort(), ["1", "2", "3", "4", "5"]);
  });

  await scenario("the network's return wakes the queue", async ({ page, server, stats, context }) => {
    await context.setOffline(true);
    await capture(page, "offline");
    // Some failed tries, so that the back-off is longer than the wait below.
    for (let i = 0; i < 6; i++) await page.evaluate(() => window.Errata.flush(1));
    await page.evaluate(() => window.Errata.flush(1_500));
    assert.equal((await stats()).sent, 0);
    await context.setOffline(false);
    await until("sent", async () => (await stats()).sent === 1);
    assert.deepEqual([...new Set(server.messages)], ["offline"]);
  });

  await scenario("a clock set back stops nothing", async ({ page, stats }) => {
    await capture(page, "before");
    await until("sent", async () => (await stats()).sent === 1);
    await page.evaluate(() => {
      const now = Date.now;
      Date.now = () => now() - 3_600_000;
    });
    await capture(page, "after");
    await until("sent", async () => (await stats()).sent === 2);
  });

  await scenario(
    "frozen and missing functions cost their breadcrumbs at most",
    async ({ page, server, stats, said }) => {
      await capture(page, "frozen");
      await page.evaluate(() => {
        setTimeout(() => {
          throw new Error("uncaught");
        });
      });
      await until("sent", async () => (await stats()).sent === 2);
      assert.deepEqual(server.messages.sort(), ["frozen", "uncaught"]);
      assert.ok(!said.some((text) => text.includes("not started")), said.join("\n"));
    },
    {
      prelude: `Object.freeze(console); Object.freeze(XMLHttpRequest.prototype); Object.freeze(Object.prototype); Object.freeze(Error.prototype);
        Object.defineProperty(window, "fetch", { value: fetch, writable: false, configurable: false });`,
    },
  );

  await scenario(
    "what is logged is not touched",
    async ({ page, server, stats }) => {
      const ran = await page.evaluate(async () => {
        let count = 0;
        const trap = new Proxy(
          {},
          {
            get: () => () => {
              count++;
            },
          },
        );
        const proxies = [
          new Proxy({}, trap),
          new Proxy([], trap),
          new Proxy(new Error("x"), trap),
          {
            get a() {
              return ++count;
            },
          },
        ];
        const error = Object.defineProperty(new Error("plain"), "name", { get: () => ++count });
        const { debug } = console;
        // The original, which looks into what it prints, is not ours to judge.
        for (const value of [...proxies, error, Symbol("s"), 1n, null, () => 1, Object.create(null)])
          debug.call({}, value);
        window.Errata.captureMessage("after");
        return count;
      });
      await until("sent", async () => (await stats()).sent === 1);
      assert.equal(ran, 0);
      const lines = server.events[0].context.breadcrumbs.map((crumb) => crumb.message);
      assert.deepEqual(lines, [
        "[object]",
        "[object]",
        "[object]",
        "[object]",
        "Error: plain",
        "Symbol(s)",
        "1",
        "null",
        "[function]",
        "[object]",
      ]);
    },
    { prelude: "console.debug = () => undefined;" },
  );

  await scenario(
    "no URL brings a secret along",
    async ({ page, server, stats }) => {
      await page.evaluate(async () => {
        await fetch("/a?token=SECRET1#frag=SECRET2");
        const xhr = new XMLHttpRequest();
        xhr.open("GET", "/b?password=SECRET3");
        await new Promise((resolve) => {
          xhr.onloadend = resolve;
          xhr.send();
        });
      });
      await page.evaluate(() => {
        window.inline();
      });
      await until("sent", async () => (await stats()).sent === 1);
      const text = JSON.stringify(server.events);
      assert.ok(!text.includes("SECRET"), text);
      const [{ client, context, error }] = server.events;
      assert.equal(client.url, `${origin}/?access_token=[Filtered]#id_token=[Filtered]`);
      assert.match(client.resolution, /^\d+x\d+$/);
      assert.deepEqual(
        context.breadcrumbs.map((crumb) => [crumb.category, crumb.message, crumb.data.status]),
        [
          ["fetch", "GET /a?token=[Filtered]#frag=[Filtered]", 200],
          ["xhr", "GET /b?password=[Filtered]", 200],
        ],
      );
      const { filename, abs_path: script } = error.frames.at(-1);
      assert.deepEqual([filename, script], ["/", `${origin}/?access_token=[Filtered]`]);
    },
    { path: "/?access_token=SECRET4#id_token=SECRET5" },
  );

  await scenario("a storm leaves room for the rare error", async ({ page, server, stats }) => {
    await page.evaluate(() => {
      for (let i = 0; i < 500; i++) window.Errata.captureException(new Error(`common ${i}`));
      window.Errata.captureException(new RangeError("rare"));
    });
    await until("sent", async () => (await stats()).sent === 100);
    assert.ok(server.messages.includes("rare"));
    assert.deepEqual((await stats()).dropped, { queue_full: 401 });
  });

  await scenario("a page that is left hands over, also what is under way", async ({ page, server }) => {
    let asked = false;
    server.answers = [
      () => {
        asked = true;
      },
    ];
    await capture(page, "under way");
    await until("asked", () => asked);
    await capture(page, "waiting");
    await page.goto("about:blank");
    await until("both", () => ["under way", "waiting"].every((text) => server.messages.includes(text)));
    assert.equal(new Set(server.events.map((event) => event.id)).size, 2);
  });

  await scenario("a worker has it, too", async ({ page, server, dsn }) => {
    await page.evaluate((to) => {
      window.worker = new Worker("/worker.js", { type: "module" });
      window.worker.postMessage(to);
    }, dsn);
    // The browser shows what nobody caught to the page as well.
    const both = ["in a worker", "uncaught in a worker"];
    await until("both", () => both.every((text) => server.messages.includes(text)));
  });

  await scenario(
    "a thousand captures leave the page running",
    async ({ page, stats }) => {
      const { turns } = await page.evaluate(async () => {
        const dive = (depth) => (depth ? dive(depth - 1) : new Error("deep"));
        for (let i = 0; i < 1_000; i++) window.Errata.captureException(dive(50));
        // Turns of the page that come while events are prepared and sent.
        let turns = 0;
        while (window.Errata.stats().sent < 1_000) {
          await new Promise((resolve) => setTimeout(resolve));
          turns++;
        }
        return { turns };
      });
      assert.ok(turns > 10, `${turns} turns`);
      assert.equal((await stats()).sent, 1_000);
    },
    { options: "maxQueue: 1000" },
  );
  console.log(held.join("\n"));
} finally {
  await browser.close();
  site.close();
}
