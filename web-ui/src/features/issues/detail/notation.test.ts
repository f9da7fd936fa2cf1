import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ExceptionDetailSchema, type FrameDetail, FrameDetailSchema } from "@/gen/errata/v1/event_read_pb";
import { type Language, languageOf } from "./languages";
import { eventText, frameLine, lineText, stackText } from "./notation";

type Init = Partial<Omit<FrameDetail, "$typeName" | "$unknown">>;
const frame = (init: Init) => create(FrameDetailSchema, init);

test.each<[Language, Init, string]>([
  ["python", { function: "add", filename: "shop/cart.py", lineno: 10 }, 'File "shop/cart.py", line 10, in add'],
  ["node", { function: "add", filename: "/srv/cart.js", lineno: 10, colno: 5 }, "at add (/srv/cart.js:10:5)"],
  ["javascript", { filename: "https://shop.example/a.js", lineno: 1 }, "at https://shop.example/a.js:1"],
  [
    "java",
    { function: "add", module: "com.acme.Cart", filename: "Cart.java", lineno: 12 },
    "at com.acme.Cart.add(Cart.java:12)",
  ],
  ["java", { function: "invoke0", module: "sun.X", filename: "" }, "at sun.X.invoke0(Unknown Source)"],
  [
    "dotnet",
    { function: "MoveNext", module: "Acme.Cart`1+<AddAsync>d__7", filename: "/src/Cart.cs", lineno: 73 },
    "at Acme.Cart<…>.AddAsync() in /src/Cart.cs:line 73",
  ],
  ["dotnet", { function: "<Add>b__3_0", module: "Acme.Cart+<>c" }, "at Acme.Cart.Add()"],
  [
    "go",
    { function: "(*Cart).Add", module: "acme.example/shop", filename: "/srv/shop/cart.go", lineno: 9 },
    "acme.example/shop.(*Cart).Add cart.go:9",
  ],
  [
    "ruby",
    { function: "block in Cart#add", filename: "app/cart.rb", lineno: 4 },
    "app/cart.rb:4:in 'block in Cart#add'",
  ],
  [
    "php",
    { function: "App\\Cart::add", filename: "/app/Cart.php", lineno: 57 },
    "#2 /app/Cart.php(57): App\\Cart::add()",
  ],
  ["rust", { function: "shop::add", filename: "src/cart.rs", lineno: 3, colno: 7 }, "2: shop::add at src/cart.rs:3:7"],
  [
    "apple",
    { function: "-[Cart add:]", package: "/private/Shop.app/Shop", instructionAddr: "0x104a5c1f8" },
    "2 Shop 0x104a5c1f8 -[Cart add:]",
  ],
  ["native", { package: "/opt/shopd", instructionAddr: "0x55d4" }, "2 shopd 0x55d4 <no symbol>"],
  [
    "dart",
    { function: "Cart.add", absPath: "package:shop/cart.dart", filename: "cart.dart", lineno: 3, colno: 7 },
    "#2 Cart.add (package:shop/cart.dart:3:7)",
  ],
  ["elixir", { function: "Shop.Cart.add/2", filename: "lib/cart.ex", lineno: 6 }, "lib/cart.ex:6: Shop.Cart.add/2"],
  ["perl", { function: "Shop::add", filename: "Cart.pm", lineno: 6 }, "Shop::add called at Cart.pm line 6"],
  ["other", { function: "add", filename: "cart.lua", lineno: 6 }, "add (cart.lua:6)"],
])("%s writes %o", (language, init, expected) => {
  expect(lineText(frameLine(frame(init), language, 2))).toBe(expected);
});

describe("stacks as text", () => {
  const frames = [
    frame({ function: "main", filename: "a.py", lineno: 1, contextLine: "  run()" }),
    frame({ function: "run", filename: "b.py", lineno: 2 }),
  ];

  test("Python's has the newest call last", () => {
    expect(stackText("E: x", frames, "python")).toBe(
      'Traceback (most recent call last):\n  File "a.py", line 1, in main\n    run()\n  File "b.py", line 2, in run\nE: x',
    );
  });

  test("the others' first", () => {
    expect(stackText("E: x", frames, "node")).toBe("E: x\n    at run (b.py:2)\n    at main (a.py:1)");
    expect(stackText("E: x", frames, "php")).toBe("E: x\nStack trace:\n#0 b.py(2): run()\n#1 a.py(1): main()");
    expect(stackText("E: x", [], "node")).toBe("E: x");
  });

  test("a chain is joined in the language's own words", () => {
    const exceptions = [
      create(ExceptionDetailSchema, {
        type: "SQLException",
        value: "no",
        module: "java.sql",
        mechanism: { exceptionId: 1, parentId: 0 },
        frames: [frame({ function: "q", module: "a.B" })],
      }),
      create(ExceptionDetailSchema, {
        type: "CartException",
        value: "x",
        module: "com.acme",
        mechanism: { exceptionId: 0 },
      }),
    ];
    expect(eventText(exceptions, "java")).toBe(
      "com.acme.CartException: x\nCaused by: java.sql.SQLException: no\n\tat a.B.q(Unknown Source)",
    );
    expect(eventText(exceptions, "python")).toBe(
      'Traceback (most recent call last):\n  File "a.B", in q\nSQLException: no\n\nThe above exception was the direct cause of the following exception:\n\nCartException: x',
    );
  });
});

test("Rust's client calls its platform native", () => {
  expect(languageOf("native", "sentry.rust")).toBe("rust");
  expect(languageOf("native", "sentry.native")).toBe("native");
  expect(languageOf("COCOA")).toBe("apple");
  expect(languageOf("brainfuck")).toBe("other");
});
