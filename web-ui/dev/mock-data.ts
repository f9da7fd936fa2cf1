// The mock server's pretend history: projects, issues and events of a made-up shop.
// Everything follows from a fixed seed and the time of the start.
import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { IssueStatus, Role } from "../src/gen/errata/v1/command_pb";
import { BreadcrumbSchema, Level } from "../src/gen/errata/v1/event_pb";
import { type EventDetail, EventDetailSchema, type ExceptionDetailSchema, type FrameDetail, FrameDetailSchema } from "../src/gen/errata/v1/event_read_pb";
import { type Activity, ActivitySchema, type Issue, IssueSchema } from "../src/gen/errata/v1/issue_pb";
import { type Member, MemberSchema } from "../src/gen/errata/v1/project_pb";

export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const hex = (next: () => number, digits: number): string => Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join("");

export interface MockProject {
  id: number;
  name: string;
  platform: string;
  key: string;
  createdMs: number;
}

export interface MockEvent {
  id: string;
  atMs: number;
  release: string;
  environment: string;
  user: number;
  position: bigint;
}

export interface MockIssue {
  issue: Issue;
  template: Template;
  /** Oldest first. */
  events: MockEvent[];
  activities: Activity[];
}

export interface Template {
  project: number;
  level: Level;
  type: string;
  value: string;
  culprit: string;
  platform: string;
  handled: boolean;
  /** Events in 30 days and how they are spread. */
  weight: number;
  shape: "steady" | "burst" | "rising" | "fading" | "once";
  startHoursAgo: number;
  status?: IssueStatus;
  detail: (event: MockEvent) => MessageInitShape<typeof EventDetailSchema>;
}

type FrameInit = Partial<Pick<FrameDetail, "function" | "module" | "filename" | "absPath" | "lineno" | "colno" | "inApp" | "contextLine" | "preContext" | "postContext">> & { vars?: JsonObject };
const frame = (init: FrameInit) => create(FrameDetailSchema, init);

const lib = (name: string, file: string, functions: string[]): FrameDetail[] =>
  functions.map((fn, index) =>
    frame({
      function: fn,
      module: `${name}.${file.replaceAll("/", ".")}`,
      filename: `${name}/${file}.py`,
      absPath: `/srv/venv/lib/python3.11/site-packages/${name}/${file}.py`,
      lineno: 55 + index * 71,
      inApp: false,
      preContext: ["        try:"],
      contextLine: `            response = self.${fn}(request)`,
      postContext: ["        finally:", "            self.close()"],
    }),
  );

const djangoStack = (): FrameDetail[] => [
  ...lib("django", "core/handlers/exception", ["inner"]),
  ...lib("django", "core/handlers/base", ["_get_response", "process_view"]),
  ...lib("django", "middleware/common", ["__call__", "process_request", "process_response"]),
  ...lib("django", "contrib/sessions/middleware", ["__call__", "process_response"]),
  ...lib("django", "views/generic/base", ["view", "dispatch"]),
  ...lib("django", "utils/decorators", ["_wrapper_view", "_pre_process_request"]),
  ...lib("rest_framework", "views", ["dispatch", "handle_exception"]),
];

const expressStack = (): FrameDetail[] =>
  ["Layer.handleRequest", "next", "Route.dispatch", "handle", "Router.handle", "Layer.handleRequest"].map((fn, index) =>
    frame({ function: fn, module: "router.lib:layer", filename: `/srv/app/node_modules/router/lib/${index % 2 ? "route" : "layer"}.js`, absPath: `/srv/app/node_modules/router/lib/${index % 2 ? "route" : "layer"}.js`, lineno: 152 - index * 11, colno: 17, inApp: false, contextLine: "    const ret = fn(req, res, next)" }),
  );

const source = (text: string): string[] => text.split("\n");

function pyFrame(fn: string, file: string, line: number, before: string, at: string, after: string, vars: JsonObject): FrameDetail {
  return frame({ function: fn, module: file.replace(/\.py$/, "").replaceAll("/", "."), filename: file, absPath: `/srv/shop/${file}`, lineno: line, inApp: true, preContext: source(before), contextLine: at, postContext: source(after), vars });
}

function jsFrame(fn: string, file: string, line: number, column: number, before: string, at: string, after: string, vars?: JsonObject): FrameDetail {
  return frame({ function: fn, filename: file, absPath: file, lineno: line, colno: column, inApp: true, preContext: source(before), contextLine: at, postContext: source(after), ...(vars ? { vars } : {}) });
}

const crumb = (beforeMs: number, atMs: number, category: string, message: string, data: JsonObject = {}, type = "", level = Level.INFO) =>
  create(BreadcrumbSchema, { timestamp: timestampFromMs(atMs - beforeMs), category, type, message, level, data });

const runtimePython: JsonObject = {
  runtime: { name: "CPython", version: "3.11.7" },
  os: { name: "Debian GNU/Linux", version: "12", kernel_version: "6.1.0" },
  trace: { trace_id: "5b47cea609b344de8d460c59337e2c3f", span_id: "b999f56f6e2f5acf", op: "http.server" },
};
const runtimeNode: JsonObject = {
  runtime: { name: "node", version: "v20.20.2" },
  app: { app_start_time: "2026-11-22T08:12:04Z", app_memory: 98_570_240, free_memory: 2_147_483_648 },
  device: { arch: "x64", processor_count: 4, memory_size: 8_200_454_144 },
  cloud_resource: { "cloud.region": "eu-central-1", "host.id": "web-03" },
};
const browser: JsonObject = {
  browser: { name: "Firefox", version: "146.0" },
  os: { name: "Windows", version: "11" },
  device: { family: "Desktop", screen: "1920x1080" },
  culture: { locale: "de-DE", timezone: "Europe/Berlin" },
};

const people = [
  { id: "u-1041", email: "mara.lindqvist@example.org", username: "mara", ip_address: "203.0.113.24" },
  { id: "u-77", email: "jun.park@example.org", username: "jun", ip_address: "198.51.100.7" },
  { id: "u-2310", email: "t.okafor@example.org", username: "tobi", ip_address: "192.0.2.88" },
  { id: "u-906", email: "eva.novakova@example.org", username: "eva", ip_address: "203.0.113.151" },
];

const chain = (...exceptions: MessageInitShape<typeof ExceptionDetailSchema>[]) => exceptions;

const paymentChain = (event: MockEvent) =>
  chain(
    {
      type: "ConnectionResetError",
      value: "[Errno 104] Connection reset by peer",
      module: "",
      mechanism: { type: "chained", handled: true },
      frames: [
        ...lib("urllib3", "connectionpool", ["urlopen", "_make_request"]),
        frame({ function: "recv_into", module: "ssl", filename: "ssl.py", absPath: "/usr/lib/python3.11/ssl.py", lineno: 1311, inApp: false, contextLine: "            return self.read(nbytes, buffer)" }),
        frame({ function: "read", module: "ssl", filename: "ssl.py", absPath: "/usr/lib/python3.11/ssl.py", lineno: 1167, inApp: false, contextLine: "                return self._sslobj.read(len, buffer)" }),
      ],
    },
    {
      type: "GatewayError",
      value: "provider 'northpay' did not answer: attempt 3 of 3",
      module: "payments.gateway",
      mechanism: { type: "chained", handled: true },
      frames: [
        pyFrame(
          "charge",
          "payments/gateway.py",
          88,
          '    for attempt in range(1, RETRIES + 1):\n        try:\n            return self.session.post(self.url, json=payload, timeout=4)\n        except ConnectionError as cause:\n            if attempt == RETRIES:',
          "                raise GatewayError(self.name, attempt, RETRIES) from cause",
          "            sleep(backoff(attempt))\n\n    def refund(self, charge_id, amount):",
          { self: "<Gateway northpay>", attempt: 3, RETRIES: 3, payload: { amount: 8990, currency: "EUR", card: "[Filtered]" } },
        ),
      ],
    },
    {
      type: "PaymentDeclined",
      value: `order A-${10_482 + event.user} declined: 89.90 EUR`,
      module: "payments.errors",
      mechanism: { type: "django", handled: false },
      frames: [
        ...djangoStack(),
        pyFrame(
          "post",
          "checkout/views.py",
          61,
          "    def post(self, request):\n        cart = Cart.of(request.user)\n        cart.lock()\n        order = Order.from_cart(cart)",
          "        receipt = place_order(order, request.data[\"payment\"])",
          "        cart.clear()\n        return Response(receipt.as_dict(), status=201)",
          { request: "<Request: POST '/api/checkout'>", cart: "<Cart 3 items>", order: `<Order A-${10_482 + event.user}>` },
        ),
        ...lib("django", "db/transaction", ["__exit__"]),
        pyFrame(
          "place_order",
          "checkout/orders.py",
          134,
          "def place_order(order, payment):\n    gateway = Gateway.for_country(order.country)\n    try:\n        charge = gateway.charge(order.total, payment)\n    except GatewayError as cause:",
          "        raise PaymentDeclined(order.number, order.total) from cause",
          "    order.paid_with(charge)\n    order.save()\n    return Receipt(order, charge)",
          { order: `<Order A-${10_482 + event.user}>`, payment: { method: "card", token: "[Filtered]", save: true }, gateway: "<Gateway northpay>", cause: "GatewayError('northpay', 3, 3)" },
        ),
      ],
    },
  );

const webRequest = (path: string, method = "POST"): JsonObject => ({
  url: `https://shop.example.org${path}`,
  method,
  query_string: path.includes("checkout") ? "" : "ref=mail&campaign=autumn",
  headers: { "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0", "Content-Type": "application/json", Accept: "application/json", Authorization: "[Filtered]", "X-Request-Id": "req_01JD8Y3T5V" },
  ...(method === "POST" ? { data: { items: [{ sku: "MUG-04", quantity: 2 }, { sku: "TEE-L", quantity: 1 }], payment: { method: "card", token: "[Filtered]" } } } : {}),
});

export const templates: readonly Template[] = [
  {
    project: 2, level: Level.ERROR, type: "PaymentDeclined", value: "order A-10482 declined: 89.90 EUR", culprit: "place_order in checkout.orders", platform: "python", handled: false, weight: 1840, shape: "burst", startHoursAgo: 400,
    detail: (event) => ({
      exceptions: paymentChain(event),
      breadcrumbs: [
        crumb(184_000, event.atMs, "auth", "signed in", { user: "mara" }, "default"),
        crumb(151_200, event.atMs, "navigation", "", { from: "/", to: "/category/mugs" }, "navigation"),
        crumb(96_400, event.atMs, "query", 'SELECT "cart_item"."sku" FROM "cart_item" WHERE "cart_item"."cart_id" = %s', { rows: 3, ms: 1.8 }, "query"),
        crumb(41_080, event.atMs, "redis", "GET cart:1041:lock", {}, "query"),
        crumb(12_650, event.atMs, "httplib", "", { method: "POST", url: "https://api.northpay.example/v2/charges", status_code: 502, ms: 4001 }, "http", Level.WARNING),
        crumb(8_230, event.atMs, "httplib", "", { method: "POST", url: "https://api.northpay.example/v2/charges", status_code: 502, ms: 4003 }, "http", Level.WARNING),
        crumb(3_120, event.atMs, "payments.gateway", "retrying charge, attempt 3 of 3", {}, "log", Level.WARNING),
        crumb(80, event.atMs, "httplib", "", { method: "POST", url: "https://api.northpay.example/v2/charges", reason: "connection reset" }, "http", Level.ERROR),
      ],
      request: webRequest("/api/checkout"),
      contexts: { ...runtimePython, order: { number: "A-10482", total: 89.9, lines: [{ sku: "MUG-04" }, { sku: "TEE-L" }] } },
      extra: { feature_flags: { new_checkout: true, northpay_v2: true }, cart: { items: 3, currency: "EUR", coupon: null } },
      sdk: { name: "sentry.python.django", version: "2.75.0" },
      serverName: "web-03", transaction: "/api/checkout", logger: "",
      modules: { django: "5.2.19", djangorestframework: "3.16.1", urllib3: "2.8.0", "sentry-sdk": "2.75.0", redis: "6.4.0", psycopg: "3.3.1" },
    }),
  },
  {
    project: 3, level: Level.ERROR, type: "TypeError", value: "Cannot read properties of undefined (reading 'price')", culprit: "unitPrice in src/cart/totals", platform: "javascript", handled: false, weight: 6120, shape: "rising", startHoursAgo: 52,
    detail: (event) => ({
      exceptions: chain({
        type: "TypeError", value: "Cannot read properties of undefined (reading 'price')", mechanism: { type: "onerror", handled: false },
        frames: [
          ...["performWorkUntilDeadline", "flushWork", "commitRoot", "commitHookEffectListMount"].map((fn, index) => frame({ function: fn, filename: "https://shop.example.org/node_modules/react-dom/cjs/react-dom-client.production.js", absPath: "https://shop.example.org/node_modules/react-dom/cjs/react-dom-client.production.js", lineno: 9214 + index * 310, colno: 12, inApp: false })),
          jsFrame("CartSummary", "src/cart/CartSummary.tsx", 34, 18, "export function CartSummary({ cart }: Props) {\n  const rates = useRates();", "  const total = cartTotal(cart.lines, rates);", "  return (\n    <aside className=\"summary\">"),
          jsFrame("cartTotal", "src/cart/totals.ts", 21, 35, "export function cartTotal(lines: Line[], rates: Rates): number {\n  let total = 0;\n  for (const line of lines) {", "    total += line.quantity * unitPrice(line, rates);", "  }\n  return round(total);\n}"),
          jsFrame("unitPrice", "src/cart/totals.ts", 12, 48, "// The catalogue may have dropped a product that is still in a cart.\nfunction unitPrice(line: Line, rates: Rates): number {", "  return catalogue.get(line.sku)!.price * (rates[line.currency] ?? 1);", "}\n"),
        ],
      }),
      breadcrumbs: [
        crumb(64_000, event.atMs, "navigation", "", { from: "/sale", to: "/cart" }, "navigation"),
        crumb(51_000, event.atMs, "fetch", "", { method: "GET", url: "/api/cart", status_code: 200 }, "http"),
        crumb(9_300, event.atMs, "ui.click", "aside.summary > button#apply-coupon.primary"),
        crumb(9_100, event.atMs, "fetch", "", { method: "POST", url: "/api/cart/coupon", status_code: 200 }, "http"),
        crumb(420, event.atMs, "console", "catalogue: 1 unknown sku", { sku: "TEE-XS" }, "default", Level.WARNING),
      ],
      request: webRequest("/cart", "GET"), contexts: browser, sdk: { name: "sentry.javascript.browser", version: "11.12.0" }, transaction: "/cart",
    }),
  },
  {
    project: 4, level: Level.FATAL, type: "OutOfMemoryError", value: "render of catalogue.pdf needs 2,310 MiB, 512 MiB allowed", culprit: "renderPages in worker/pdf", platform: "node", handled: false, weight: 64, shape: "fading", startHoursAgo: 210,
    detail: (event) => ({
      exceptions: chain({
        type: "OutOfMemoryError", value: "render of catalogue.pdf needs 2,310 MiB, 512 MiB allowed", mechanism: { type: "onuncaughtexception", handled: false },
        frames: [
          frame({ function: "process.processTicksAndRejections", filename: "node:internal/process/task_queues", absPath: "node:internal/process/task_queues", lineno: 105, colno: 5, inApp: false }),
          jsFrame("runJob", "/srv/worker/src/queue.ts", 71, 20, "  const job = await queue.take();\n  const started = performance.now();", "    const result = await job.handler(job.payload, limits);", "    metrics.observe(job.name, performance.now() - started);"),
          jsFrame("renderPages", "/srv/worker/src/pdf.ts", 143, 11, "    const needs = estimateBytes(pages);\n    if (needs > limits.memoryBytes) {", "      throw new OutOfMemoryError(name, needs, limits.memoryBytes);", "    }\n    return stitch(pages);", { name: "catalogue.pdf", pages: 1840, needs: 2_422_210_560 }),
        ],
      }),
      breadcrumbs: [crumb(60_000, event.atMs, "queue", "took job pdf.catalogue", { attempt: 2 }), crumb(31_000, event.atMs, "console", "page 900 of 1840", {}, "debug", Level.DEBUG)],
      contexts: runtimeNode, sdk: { name: "errata.node", version: "0.1.0" }, serverName: "worker-1", extra: { job: { id: "j_88213", queue: "pdf", attempts: 2 } },
    }),
  },
  {
    project: 2, level: Level.ERROR, type: "IntegrityError", value: 'duplicate key value violates unique constraint "customer_email_key"', culprit: "register in accounts.views", platform: "python", handled: false, weight: 312, shape: "steady", startHoursAgo: 700,
    detail: (event) => ({
      exceptions: chain(
        { type: "UniqueViolation", value: 'duplicate key value violates unique constraint "customer_email_key"\nDETAIL:  Key (email)=([Filtered]) already exists.', module: "psycopg.errors", mechanism: { type: "chained", handled: true }, frames: lib("psycopg", "cursor", ["execute", "_raise"]) },
        { type: "IntegrityError", value: 'duplicate key value violates unique constraint "customer_email_key"', module: "django.db.utils", mechanism: { type: "django", handled: false }, frames: [...djangoStack(), pyFrame("register", "accounts/views.py", 47, "    if not form.is_valid():\n        return bad_request(form.errors)", "    customer = Customer.objects.create(**form.cleaned_data)", "    send_welcome.delay(customer.pk)", { form: "<RegisterForm bound=True valid=True>" }), ...lib("django", "db/models/query", ["create", "save", "_insert"]), ...lib("django", "db/backends/utils", ["execute", "_execute"])] },
      ),
      breadcrumbs: [crumb(2000, event.atMs, "query", "INSERT INTO customer (email, name) VALUES (%s, %s)", {}, "query")],
      request: webRequest("/api/accounts"), contexts: runtimePython, sdk: { name: "sentry.python.django", version: "2.75.0" }, serverName: "web-01", transaction: "/api/accounts",
    }),
  },
  {
    project: 4, level: Level.WARNING, type: "", value: "Stock of MUG-04 is below the reserve (3 left)", culprit: "checkReserves in worker/stock", platform: "node", handled: true, weight: 96, shape: "steady", startHoursAgo: 500,
    detail: () => ({ message: "Stock of MUG-04 is below the reserve (3 left)", contexts: runtimeNode, logger: "stock", sdk: { name: "errata.node", version: "0.1.0" }, serverName: "worker-2", extra: { sku: "MUG-04", left: 3, reserve: 10 } }),
  },
  {
    project: 3, level: Level.ERROR, type: "ChunkLoadError", value: "Loading chunk 417 failed. (https://shop.example.org/assets/reviews-9f31ac.js)", culprit: "loadReviews in src/product/reviews", platform: "javascript", handled: false, weight: 941, shape: "burst", startHoursAgo: 9,
    detail: () => ({
      exceptions: chain({ type: "ChunkLoadError", value: "Loading chunk 417 failed. (https://shop.example.org/assets/reviews-9f31ac.js)", mechanism: { type: "onunhandledrejection", handled: false }, frames: [frame({ function: "__webpack_require__.f.j", filename: "https://cdn.example.org/runtime.js", absPath: "https://cdn.example.org/runtime.js", lineno: 1, colno: 8841, inApp: false }), jsFrame("loadReviews", "src/product/reviews.ts", 8, 10, "export async function loadReviews(sku: string) {", '  const { Reviews } = await import("./Reviews");', "  return new Reviews(sku);\n}")] }),
      breadcrumbs: [], request: webRequest("/product/MUG-04", "GET"), contexts: browser, sdk: { name: "sentry.javascript.browser", version: "11.12.0" },
    }),
  },
  {
    project: 2, level: Level.ERROR, type: "ZeroDivisionError", value: "division by zero", culprit: "unit_price in shop.pricing", platform: "python", handled: true, weight: 27, shape: "steady", startHoursAgo: 160,
    detail: () => ({ exceptions: chain({ type: "ZeroDivisionError", value: "division by zero", mechanism: { type: "generic", handled: true }, frames: [...lib("celery", "app/trace", ["trace_task", "__protected_call__"]), pyFrame("reprice", "shop/tasks.py", 29, "@app.task\ndef reprice(batch):\n    for line in Line.objects.in_batch(batch):", "        line.price = unit_price(line.total, line.quantity)", "        line.save(update_fields=['price'])", { batch: 118, line: "<Line MUG-04 × 0>" }), pyFrame("unit_price", "shop/pricing.py", 16, "\ndef unit_price(total, quantity):\n    # quantity is never zero: the form says so", "    return total / quantity", "\n\ndef with_tax(price, country):", { total: "Decimal('0.00')", quantity: 0 })] }), contexts: runtimePython, sdk: { name: "sentry.python.celery", version: "2.75.0" }, serverName: "celery-1", transaction: "shop.tasks.reprice" }),
  },
  {
    project: 4, level: Level.ERROR, type: "MailboxFull", value: "552 5.2.2 mailbox of the recipient is full", culprit: "deliver in worker/mail", platform: "node", handled: true, weight: 58, shape: "steady", startHoursAgo: 640, status: IssueStatus.IGNORED,
    detail: () => ({ exceptions: chain({ type: "MailboxFull", value: "552 5.2.2 mailbox of the recipient is full", mechanism: { type: "generic", handled: true }, frames: [...expressStack(), jsFrame("deliver", "/srv/worker/src/mail.ts", 52, 13, "  if (reply.code >= 500) {", "      throw new MailboxFull(reply.text);", "  }")] }), contexts: runtimeNode, sdk: { name: "errata.node", version: "0.1.0" } }),
  },
  {
    project: 4, level: Level.ERROR, type: "TimeoutError", value: "search index did not answer within 2,000 ms", culprit: "query in api/search", platform: "node", handled: true, weight: 420, shape: "fading", startHoursAgo: 300, status: IssueStatus.RESOLVED,
    detail: () => ({ exceptions: chain({ type: "TimeoutError", value: "search index did not answer within 2,000 ms", mechanism: { type: "express", handled: true }, frames: [...expressStack(), jsFrame("query", "/srv/api/src/search.ts", 31, 9, "  const timer = AbortSignal.timeout(2_000);", "  const hits = await index.search(text, { signal: timer });", "  return hits.map(toResult);")] }), request: webRequest("/api/search", "GET"), contexts: runtimeNode, sdk: { name: "sentry.javascript.node", version: "11.12.0" } }),
  },
  {
    project: 3, level: Level.INFO, type: "DeprecationNotice", value: "window.shop.legacyCart is read by a third-party script", culprit: "get legacyCart in src/legacy", platform: "javascript", handled: true, weight: 2210, shape: "steady", startHoursAgo: 720,
    detail: () => ({ exceptions: chain({ type: "DeprecationNotice", value: "window.shop.legacyCart is read by a third-party script", mechanism: { type: "generic", handled: true }, frames: [jsFrame("get legacyCart", "src/legacy.ts", 5, 11, "  get legacyCart() {", "    report(new DeprecationNotice(\"window.shop.legacyCart is read by a third-party script\"));", "    return cart;")] }), contexts: browser, sdk: { name: "errata.browser", version: "0.1.0" } }),
  },
  {
    project: 2, level: Level.ERROR, type: "DisallowedHost", value: "Invalid HTTP_HOST header: '203.0.113.9'. You may need to add '203.0.113.9' to ALLOWED_HOSTS.", culprit: "get_host in django.http.request", platform: "python", handled: false, weight: 133, shape: "burst", startHoursAgo: 88,
    detail: () => ({ exceptions: chain({ type: "DisallowedHost", value: "Invalid HTTP_HOST header: '203.0.113.9'. You may need to add '203.0.113.9' to ALLOWED_HOSTS.", module: "django.core.exceptions", mechanism: { type: "django", handled: false }, frames: [...djangoStack().slice(0, 5), ...lib("django", "http/request", ["get_host"])] }), request: webRequest("/.env", "GET"), contexts: runtimePython, sdk: { name: "sentry.python.django", version: "2.75.0" } }),
  },
  {
    project: 4, level: Level.ERROR, type: "AssertionError", value: "a very long value that goes on and on, as the ones that validation libraries produce do: expected object with keys [id, sku, quantity, currency, price, tax, discount, shipping, address, notes] but got [id, sku, quantity, currency, price, tax, discount, shipping, adress, notes] at $.order.lines[17]", culprit: "validateOrder in api/orders/validation/schemas/order-schema-v2", platform: "node", handled: true, weight: 8, shape: "once", startHoursAgo: 3,
    detail: () => ({ exceptions: chain({ type: "AssertionError", value: "expected object with keys [id, sku, quantity, currency, price, tax, discount, shipping, address, notes] but got [id, sku, quantity, currency, price, tax, discount, shipping, adress, notes] at $.order.lines[17]", mechanism: { type: "generic", handled: true }, frames: expressStack() }), contexts: runtimeNode, sdk: { name: "sentry.javascript.node", version: "11.12.0" } }),
  },
];

const releases: Record<number, string[]> = {
  2: ["shop-api@4.18.0", "shop-api@4.18.1", "shop-api@4.19.0"],
  3: ["shop-web@2026.11.18", "shop-web@2026.11.20", "shop-web@2026.11.22"],
  4: ["worker@1.7.2", "worker@1.8.0"],
};

export const members: Member[] = [
  create(MemberSchema, { id: 1, email: "ada@example.org", name: "Ada Winter", role: Role.OWNER }),
  create(MemberSchema, { id: 2, email: "noor@example.org", name: "Noor Haddad", role: Role.MEMBER }),
  create(MemberSchema, { id: 3, email: "kim@example.org", name: "", role: Role.MEMBER }),
];

export const mockProjects = (nowMs: number): MockProject[] => [
  { id: 1, name: "default", platform: "", key: "0f".repeat(16), createdMs: nowMs - 40 * 86_400_000 },
  { id: 2, name: "shop-api", platform: "python", key: "2a".repeat(16), createdMs: nowMs - 39 * 86_400_000 },
  { id: 3, name: "shop-web", platform: "javascript", key: "3b".repeat(16), createdMs: nowMs - 39 * 86_400_000 },
  { id: 4, name: "worker", platform: "node", key: "4c".repeat(16), createdMs: nowMs - 20 * 86_400_000 },
];

const HOUR_MS = 3_600_000;

/** When within its life (0 to 1) an event of this shape happens. */
function place(shape: Template["shape"], next: () => number): number {
  const r = next();
  switch (shape) {
    case "steady":
      return r;
    case "rising":
      return Math.sqrt(r);
    case "fading":
      return 1 - Math.sqrt(r);
    case "once":
      return r * 0.02;
    case "burst":
      return r < 0.55 ? 0.93 + next() * 0.05 : r;
  }
}

export function makeIssue(template: Template, index: number, nowMs: number): MockIssue {
  const next = random(1000 + index * 77);
  const startMs = nowMs - template.startHoursAgo * HOUR_MS;
  const spanMs = nowMs - startMs - (template.shape === "fading" ? 30 : 1) * 60_000;
  const known = releases[template.project] ?? ["app@1.0.0"];
  const times = Array.from({ length: template.weight }, () => Math.round(startMs + place(template.shape, next) * spanMs)).sort((a, b) => a - b);
  const events = times.map((atMs, at): MockEvent => {
    const progress = times.length < 2 ? 1 : at / (times.length - 1);
    return {
      id: hex(next, 32),
      atMs,
      release: known[Math.min(known.length - 1, Math.floor(progress * known.length))] ?? "",
      environment: next() < 0.86 ? "production" : next() < 0.7 ? "staging" : "preview-1482",
      user: Math.floor(next() * Math.max(1, template.weight / 3)),
      position: BigInt(Math.floor(atMs / 1000)),
    };
  });
  const first = events[0];
  const last = events.at(-1);
  const status = template.status ?? IssueStatus.UNRESOLVED;
  const assignee = index % 4 === 0 ? members[index % 3] : undefined;
  const issue = create(IssueSchema, {
    id: hex(next, 16),
    projectId: template.project,
    title: (template.type ? `${template.type}: ${template.value}` : template.value).slice(0, 256),
    culprit: template.culprit,
    type: template.type,
    value: template.value,
    level: template.level,
    status,
    count: BigInt(events.length),
    users: BigInt(new Set(events.map((event) => event.user)).size),
    ...(first ? { firstSeen: timestampFromMs(first.atMs), firstRelease: first.release, firstEventId: first.id } : {}),
    ...(last ? { lastSeen: timestampFromMs(last.atMs), lastRelease: last.release, lastEventId: last.id } : {}),
    platform: template.platform,
    handled: template.handled,
    ...(assignee ? { assignee: { id: assignee.id, email: assignee.email, name: assignee.name } } : {}),
  });
  const activity = (kind: string, atMs: number, actor: string, detail = "") => create(ActivitySchema, { position: String(Math.floor(atMs / 1000)), kind, at: timestampFromMs(Math.round(atMs)), actor, detail });
  const activities = [activity("new", startMs, "errata"), activity("notified", startMs + 4000, "alerter", "oncall@example.org")];
  if (index % 4 === 0) {
    activities.unshift(activity("resolved", startMs + spanMs * 0.3, "noor@example.org"));
    activities.unshift(activity("regressed", startMs + spanMs * 0.42, "errata", known[1] ?? ""));
    activities.unshift(activity("notified", startMs + spanMs * 0.42 + 3000, "alerter", "oncall@example.org"));
    if (assignee) activities.unshift(activity("assigned", startMs + spanMs * 0.5, "ada@example.org", assignee.name || assignee.email));
  }
  if (status === IssueStatus.RESOLVED) activities.unshift(activity("resolved", nowMs - 9 * HOUR_MS, "ada@example.org"));
  if (status === IssueStatus.IGNORED) activities.unshift(activity("ignored", nowMs - 90 * HOUR_MS, "noor@example.org"));
  return { issue, template, events, activities };
}

export function detailOf(mock: MockIssue, event: MockEvent): EventDetail {
  const person = people[event.user % people.length];
  const detail = create(EventDetailSchema, {
    ...mock.template.detail(event),
    tags: tagsOf(mock, event),
    ...(person ? { user: person } : {}),
  });
  detail.rawJson = JSON.stringify({ event_id: event.id, level: "error", platform: mock.template.platform, release: event.release, environment: event.environment, user: person, exceptions: detail.exceptions, breadcrumbs: detail.breadcrumbs.length, contexts: detail.contexts, extra: detail.extra }, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
  return detail;
}

export function tagsOf(mock: MockIssue, event: MockEvent): Record<string, string> {
  const web = mock.template.platform === "javascript";
  const pick = (values: string[], salt: number): string => values[(event.user * 7 + salt) % values.length] ?? "";
  return {
    environment: event.environment,
    release: event.release,
    level: "error",
    ...(web
      ? { browser: pick(["Firefox 146", "Chrome 143", "Chrome 143", "Safari 26", "Edge 143"], 1), os: pick(["Windows 11", "macOS 26", "Android 16", "iOS 26"], 2), locale: pick(["de-DE", "en-GB", "fr-FR", "sv-SE"], 3) }
      : { server_name: pick(["web-01", "web-02", "web-03", "web-03", "web-03"], 4), "payment.provider": pick(["northpay", "northpay", "northpay", "cardly"], 5), runtime: mock.template.platform === "python" ? "CPython 3.11.7" : "node v20.20.2" }),
  };
}

/** Many small issues, to see a long list. */
export function fillers(count: number): Template[] {
  const next = random(9);
  const kinds = ["ValueError", "KeyError", "TypeError", "RangeError", "HttpError", "ValidationError", "LockTimeout", "SyntaxError"];
  const values = ["invalid literal for int() with base 10: '0x'", "'sku'", "x is not a function", "Invalid array length", "502 Bad Gateway from upstream catalogue", "quantity must be at least 1", "could not lock cart within 500 ms", "Unexpected token < in JSON at position 0"];
  const places = ["parse_quantity in shop.cart", "render in src/product/Price", "sync in worker/catalogue", "load in api/session", "apply in src/cart/coupon"];
  return Array.from({ length: count }, (_, index) => {
    const kind = Math.floor(next() * kinds.length);
    const project = 2 + Math.floor(next() * 3);
    const platform = project === 2 ? "python" : project === 3 ? "javascript" : "node";
    const value = values[kind] ?? "";
    const type = kinds[kind] ?? "";
    return {
      project, type, value, platform,
      level: next() < 0.15 ? Level.WARNING : Level.ERROR,
      culprit: places[index % places.length] ?? "",
      handled: next() < 0.5,
      weight: 1 + Math.floor(next() ** 4 * 260),
      shape: (["steady", "burst", "rising", "fading", "once"] as const)[Math.floor(next() * 5)] ?? "steady",
      startHoursAgo: 2 + Math.floor(next() * 700),
      detail: () => ({ exceptions: chain({ type, value, mechanism: { type: "generic", handled: true }, frames: platform === "python" ? djangoStack() : expressStack() }) }),
    };
  });
}
