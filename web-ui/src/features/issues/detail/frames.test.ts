import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { FrameDetailSchema } from "@/gen/errata/v1/event_read_pb";
import { foldLabel, foldStack, packageOf, repeatLabel, type StackPart } from "./frames";

const own = (name: string) => create(FrameDetailSchema, { function: name, filename: `src/${name}.py`, inApp: true });
const foreign = (name: string, path: string) =>
  create(FrameDetailSchema, { function: name, absPath: path, inApp: false });
const django = (name: string) => foreign(name, `/venv/lib/python3.11/site-packages/django/${name}.py`);
const asgi = (name: string) => foreign(name, `/venv/lib/python3.11/site-packages/asgiref/${name}.py`);

const shape = (parts: StackPart[]): string[] =>
  parts.map((part) => {
    switch (part.kind) {
      case "frame":
        return `${part.frame.function}${part.failing ? "!" : ""}`;
      case "fold":
        return `(${foldLabel(part.packages)})`;
      case "repeat":
        return `(${repeatLabel(part.names, part.times)})`;
      case "rest":
        return `(${part.count} more)`;
    }
  });
const opened = (parts: StackPart[]) =>
  parts.flatMap((part) => (part.kind === "frame" && part.open ? [part.frame.function] : []));

describe("folding", () => {
  const frames = [django("a"), django("b"), asgi("c"), own("view"), django("d"), own("price"), django("raise")];

  test("runs of foreign frames become one line each, newest first", () => {
    expect(shape(foldStack(frames, { order: "newest" }))).toEqual([
      "(1 frame of django)",
      "price!",
      "(1 frame of django)",
      "view",
      "(2 frames of django and 1 of asgiref)",
    ]);
  });

  test("oldest first turns the order round, not the failing frame", () => {
    expect(shape(foldStack(frames, { order: "oldest" }))).toEqual([
      "(2 frames of django and 1 of asgiref)",
      "view",
      "(1 frame of django)",
      "price!",
      "(1 frame of django)",
    ]);
  });

  test("all frames: nothing is folded", () => {
    expect(shape(foldStack(frames, { order: "newest", all: true }))).toEqual([
      "raise",
      "price!",
      "d",
      "view",
      "c",
      "b",
      "a",
    ]);
  });

  test("without own code the newest frame is the failing one and stays open", () => {
    expect(shape(foldStack([django("a"), django("b")], { order: "newest" }))).toEqual(["b!", "(1 frame of django)"]);
  });

  test("a stack that another is more worth reading than is one line", () => {
    expect(shape(foldStack([django("a"), django("b")], { order: "newest", openMax: 0 }))).toEqual([
      "(2 frames of django)",
    ]);
  });

  test("an empty stack has no parts", () => {
    expect(foldStack([], { order: "newest" })).toEqual([]);
  });

  test("many packages are counted, not listed", () => {
    const packages = [
      { name: "django", frames: 9 },
      { name: "x", frames: 1 },
      { name: "y", frames: 2 },
    ];
    expect(foldLabel(packages)).toBe("12 frames of django and 2 other packages");
  });
});

test.each([
  ["/app/node_modules/express/lib/router.js", "express"],
  ["/app/node_modules/.pnpm/a@1/node_modules/@scope/pkg/index.js", "@scope/pkg"],
  ["C:\\app\\node_modules\\koa\\index.js", "koa"],
  ["/usr/lib/python3/dist-packages/requests/api.py", "requests"],
  ["/usr/lib/python3.11/ssl.py", "python"],
  ["node:internal/process/task_queues", "node"],
  ["/root-of/registry/src/index-1/tokio-util-0.7.18/src/lib.rs", "tokio-util"],
  ["/rustc/9fc/library/core/src/panicking.rs", "std"],
  ["/go/pkg/mod/github.com/gin-gonic/gin@v1.9.1/context.go", "github.com/gin-gonic/gin"],
  ["/usr/local/bundle/gems/actionpack-7.1.5/lib/metal.rb", "actionpack"],
  ["puma-6.5.0/lib/puma/server.rb", "puma"],
  ["/var/www/vendor/laravel/framework/src/Kernel.php", "laravel/framework"],
  ["package:flutter/src/gestures.dart", "flutter"],
  ["dart:async/zone.dart", "dart"],
  ["/usr/local/go/src/net/http/server.go", "go"],
  ["https://cdn.example.org/runtime.js", "cdn.example.org"],
])("%s belongs to %s", (path, expected) => {
  expect(packageOf(foreign("f", path))).toBe(expected);
});

describe("large stacks", () => {
  const many = (count: number, name: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => own(name(index)));

  test("of 250 different frames 30 are shown, the failing one first", () => {
    const parts = foldStack(
      many(250, (index) => `f${index}`),
      { order: "newest" },
    );
    expect(parts).toHaveLength(31);
    expect(shape(parts).slice(0, 2)).toEqual(["f249!", "f248"]);
    expect(shape(parts).at(-1)).toBe("(220 more)");
  });

  test("with the oldest first the failing one is still among those shown", () => {
    const names = shape(
      foldStack(
        many(250, (index) => `f${index}`),
        { order: "oldest" },
      ),
    );
    expect(names[0]).toBe("(220 more)");
    expect(names.at(-1)).toBe("f249!");
  });

  test("a failing frame in the middle keeps what is on both sides", () => {
    const frames = [
      ...many(100, (index) => `f${index}`),
      ...Array.from({ length: 100 }, (_, index) => django(`d${index}`)),
    ];
    const names = shape(foldStack(frames, { order: "newest", all: true }));
    expect(names[0]).toBe("(99 more)");
    expect(names.slice(1, 4)).toEqual(["d0", "f99!", "f98"]);
    expect(names.at(-1)).toBe("(71 more)");
  });

  test.each([
    [
      "one function",
      [own("main"), ...many(232, () => "step_12")],
      ["step_12!", "(step_12 … repeated 231 times)", "main"],
    ],
    [
      "two that call each other",
      [own("main"), ...many(201, (index) => (index % 2 === 0 ? "even" : "odd"))],
      ["even!", "(even → odd … repeated 100 times)", "main"],
    ],
    [
      "a circle within the stack",
      [own("main"), ...many(50, () => "walk"), own("leaf")],
      ["leaf!", "(walk … repeated 50 times)", "main"],
    ],
    [
      "three of the same are no circle",
      [own("main"), ...many(3, () => "walk"), own("leaf")],
      ["leaf!", "walk", "walk", "walk", "main"],
    ],
  ])("recursion of %s is one line", (_, frames, expected) => {
    expect(shape(foldStack(frames, { order: "newest" }))).toEqual(expected);
    expect(shape(foldStack(frames, { order: "oldest" }))).toEqual(expected.toReversed());
  });

  test("anonymous calls of other places are no circle", () => {
    const frames = Array.from({ length: 12 }, (_, index) =>
      create(FrameDetailSchema, { filename: "a.js", lineno: index + 1, colno: 3, inApp: true }),
    );
    expect(foldStack(frames, { order: "newest" })).toHaveLength(12);
  });
});

describe("what is open at first", () => {
  const at = (name: string, file: string, lineno: number) =>
    create(FrameDetailSchema, {
      function: name,
      filename: file,
      lineno,
      inApp: true,
      contextLine: `${name}()`,
      preContext: ["a", "b"],
      postContext: ["c", "d"],
    });

  test("the failing frame and its two nearest own callers", () => {
    const frames = [
      at("a", "a.py", 1),
      at("b", "b.py", 1),
      django("x"),
      at("c", "c.py", 1),
      at("d", "d.py", 1),
      django("y"),
    ];
    expect(opened(foldStack(frames, { order: "newest" }))).toEqual(["d", "c", "b"]);
    expect(opened(foldStack(frames, { order: "newest", openMax: 1 }))).toEqual(["d"]);
  });

  test("lines that are in view already are not shown again", () => {
    const frames = [at("a", "a.py", 1), at("b", "b.py", 40), at("c", "b.py", 41), at("d", "b.py", 42)];
    expect(opened(foldStack(frames, { order: "newest" }))).toEqual(["d", "a"]);
  });
});
