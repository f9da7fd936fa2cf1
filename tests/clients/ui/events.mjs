// Events as clients send them, for looking at the issue page: each is a hard case of
// showing one. Texts are of no real application.
const own = (name, index, more = {}) => ({
  function: name,
  module: "shop.cart",
  filename: "shop/cart.py",
  abs_path: "/srv/shop/cart.py",
  lineno: 10 + index,
  in_app: true,
  ...more,
});
const code = (line) => ({
  pre_context: [
    "def price(items):",
    "    total = 0",
    "    for item in items:",
    "        check(item)",
    "        # the price may be missing",
  ],
  context_line: `        ${line}`,
  post_context: ["    return total", "", "def refund(order):", "    pass", ""],
});
const raised = (type, value, frames, more = {}) => ({
  exception: { values: [{ type, value, stacktrace: { frames }, ...more }] },
});
const range = (count, make) => Array.from({ length: count }, (_, index) => make(index));
const library = (index) => ({
  function: `handle_${index}`,
  module: "django.core",
  filename: "django/core/handlers.py",
  abs_path: "/venv/lib/python3.11/site-packages/django/core/handlers.py",
  lineno: 40 + index,
  in_app: false,
});

export const FAILING = "total += item['price'] * quantity(item)";

/** By name: the event without its id and time. */
export const events = {
  "python-250-frames": {
    platform: "python",
    level: "error",
    ...raised(
      "ValueError",
      "price is missing",
      range(250, (index) =>
        own(`step_${index}`, index, code(index === 249 ? FAILING : `return step_${index + 1}(items)`)),
      ),
    ),
  },
  "python-recursion": {
    platform: "python",
    level: "error",
    ...raised("RecursionError", "maximum recursion depth exceeded", [
      library(0),
      own("main", 0, code("walk(tree)")),
      ...range(232, () => own("step_12", 1, code("return step_12(items)"))),
    ]),
  },
  "python-django": {
    platform: "python",
    level: "error",
    release: "web-shop@4.21.0",
    environment: "production",
    user: { id: 1031 },
    tags: { plan: "pro", region: "eu-west-1" },
    ...raised("KeyError", "'price'", [
      ...range(12, library),
      own("view", 0, code("return cart.price(request.items)")),
      own("price", 8, { ...code(FAILING), vars: { item: { sku: "MUG-04", count: 2 }, total: 0, password: "hunter2" } }),
    ]),
    breadcrumbs: {
      values: [
        { timestamp: -10, message: "third" },
        { timestamp: -30, message: "first" },
        {
          timestamp: -20,
          type: "http",
          category: "xhr",
          data: { method: "PUT", url: "/test/api/properties", status_code: 204 },
        },
      ],
    },
    request: {
      url: "https://shop.example/cart?sku=MUG-04",
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Trace": "abc" },
      data: '{"sku": "A-1, "qty": 2}',
    },
  },
  minified: {
    platform: "javascript",
    level: "error",
    ...raised(
      "TypeError",
      "Cannot read properties of undefined (reading 'price')",
      range(24, (index) => ({
        function: "a",
        filename: "https://shop.example/assets/index-3f9a1c.js",
        abs_path: "https://shop.example/assets/index-3f9a1c.js",
        lineno: 2,
        colno: 15_000 + index,
        in_app: true,
        context_line: `{snip} ${"a=b(c,d);".repeat(7)}price(x)${";e=f(g)".repeat(9)} {snip}`,
      })),
    ),
  },
  "long-line": {
    platform: "javascript",
    level: "error",
    ...raised("TypeError", "null is not an object", [
      {
        function: "z",
        filename: "https://shop.example/app.js",
        lineno: 2,
        colno: 38 * 400 + 1,
        in_app: true,
        context_line: `${"var a=1;function q(e){return e&&e.id};".repeat(400)}breakHere(q);${"var a=1;function q(e){return e&&e.id};".repeat(380)}`,
      },
    ]),
  },
  "right-to-left": {
    platform: "python",
    level: "error",
    ...raised("שגיאה", "\u202eevil\u202c שגיאה: x (17) \u200b<script>alert(1)</script>", [
      own("price", 1, { ...code("total = السعر + الضريبة * 2"), vars: { السعر: "١٢" } }),
    ]),
  },
  "long-type": {
    platform: "java",
    level: "error",
    ...raised(
      "com.example.commerce.platform.integration.payment.gateway.adapter.internal.transport.retry.for.a.server.PaymentDeclinedException",
      "boom",
      [{ function: "pay", module: "com.example.Pay", filename: "Pay.java", lineno: 7, in_app: true }],
    ),
  },
  native: {
    platform: "native",
    level: "fatal",
    ...raised("SIGABRT", "Abort", [
      { package: "/lib/x86_64-linux-gnu/libc.so.6", instruction_addr: "0x7f0000029d90", in_app: false },
      {
        function: "pump()",
        package: "UnrealEditor_ApplicationCore_With_A_Very_Long_Module_Name",
        instruction_addr: "0x10",
      },
      { package: "/usr/lib/libRusticlOpenCL.so.1", instruction_addr: "0x7f1000001234", in_app: false },
    ]),
  },
  "log-beside-exception": {
    platform: "java",
    level: "error",
    logger: "com.acme.Config",
    logentry: { formatted: "The configuration of shop could not be opened" },
    ...raised("FileNotFoundException", "/etc/shop.conf", [
      { function: "open", module: "com.acme.Config", filename: "Config.java", lineno: 3, in_app: true },
    ]),
  },
  wrapped: {
    platform: "javascript",
    level: "error",
    exception: {
      values: [
        {
          type: "TypeError",
          value: "cart is undefined",
          mechanism: { type: "chained", source: "cause", exception_id: 1, parent_id: 0 },
          stacktrace: {
            frames: [
              {
                function: "Cart",
                filename: "https://shop.example/src/cart.tsx",
                lineno: 4,
                colno: 21,
                in_app: true,
                context_line: "  const first = cart.items[0];",
                pre_context: ["export function Cart({ cart }) {"],
                post_context: ["  return first.name;", "}"],
              },
            ],
          },
        },
        {
          type: "Error",
          value:
            "There was an error during concurrent rendering but React was able to recover by instead synchronously rendering the entire root.",
          mechanism: { type: "generic", exception_id: 0 },
          stacktrace: {
            frames: range(14, (index) => ({
              function: `renderRoot${index}`,
              filename: "https://shop.example/node_modules/react-dom/client.js",
              lineno: 1 + index,
              colno: 5,
              in_app: false,
            })),
          },
        },
      ],
    },
  },
  suppressed: {
    platform: "java",
    level: "fatal",
    exception: {
      values: [
        {
          type: "RuntimeException",
          value: "Debug crash",
          module: "java.lang",
          stacktrace: {
            frames: [
              {
                function: "onClick",
                module: "com.acme.MainActivity",
                filename: "MainActivity.kt",
                lineno: 31,
                in_app: true,
              },
            ],
          },
          mechanism: { type: "UncaughtExceptionHandler", handled: false, exception_id: 0 },
        },
        {
          type: "DiagnosticCoroutineContextException",
          value: "[StandaloneCoroutine{Cancelling}@1f2e3d, Dispatchers.Main]",
          module: "kotlinx.coroutines.internal",
          mechanism: { type: "suppressed", handled: false, exception_id: 1, parent_id: 0 },
        },
      ],
    },
    main_exception_id: 0,
  },
  "message-with-stack": {
    platform: "php",
    level: "warning",
    message: "Task 12 failed",
    stacktrace: {
      frames: [
        { function: "Shop\\Scheduler::execute", filename: "/srv/shop/src/Scheduler.php", lineno: 88, in_app: true },
      ],
    },
  },
  "long-names": {
    platform: "native",
    level: "error",
    ...raised("SIGSEGV", "x", [
      {
        function: `${"very_long_function_name_".repeat(13)}end(std::map<std::string, std::vector<int>> const&)`,
        filename: `src/${"deep/".repeat(45)}cart.cpp`,
        lineno: 12,
        in_app: true,
      },
    ]),
  },
  "long-value": {
    platform: "python",
    level: "error",
    ...raised(
      "IntegrityError",
      `duplicate key value violates unique constraint\n${range(40, (index) => `DETAIL ${index}: Key (sku)=(MUG-${index}) already exists in the table of stock.`).join("\n")}`,
      [own("save", 3, code("self.session.commit()  # fails"))],
    ),
  },
  "many-own-go": {
    platform: "go",
    level: "error",
    ...raised(
      "*errors.errorString",
      "no such order",
      range(9, (index) => ({
        function: `(*Shop).step${index}`,
        module: "example.com/shop",
        filename: "shop.go",
        abs_path: "/srv/shop/shop.go",
        lineno: 100 + 30 * index,
        in_app: true,
        pre_context: ["func run() error {"],
        context_line: `\treturn s.step${index + 1}(order)`,
        post_context: ["}"],
      })),
    ),
  },
};

/** Sends events of this moment by the door of Sentry's SDKs; their ids by name. */
export async function sendAll(url, key, wanted = events) {
  const ids = {};
  for (const [name, event] of Object.entries(wanted)) ids[name] = await send(url, key, event);
  return ids;
}

export async function send(url, key, event) {
  const id = crypto.randomUUID().replaceAll("-", "");
  const now = Date.now() / 1000;
  const whole = structuredClone({ ...event, event_id: id, timestamp: now });
  for (const crumb of whole.breadcrumbs?.values ?? []) if (crumb.timestamp < 0) crumb.timestamp += now;
  const header = { event_id: id, sent_at: new Date().toISOString() };
  const body = [header, { type: "event" }, whole].map((part) => JSON.stringify(part)).join("\n");
  const response = await fetch(`${url}/api/1/envelope/?sentry_key=${key}&sentry_version=7`, { method: "POST", body });
  if (response.status !== 200) throw new Error(`event refused: ${response.status} ${await response.text()}`);
  return id;
}
