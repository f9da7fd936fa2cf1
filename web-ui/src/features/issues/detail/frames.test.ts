import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { FrameDetailSchema } from "@/gen/errata/v1/event_read_pb";
import { foldLabel, foldStack, packageOf, sourceLines, type StackPart } from "./frames";

const own = (name: string) => create(FrameDetailSchema, { function: name, filename: `src/${name}.py`, inApp: true });
const foreign = (name: string, path: string) => create(FrameDetailSchema, { function: name, absPath: path, inApp: false });
const django = (name: string) => foreign(name, `/venv/lib/python3.11/site-packages/django/${name}.py`);
const asgi = (name: string) => foreign(name, `/venv/lib/python3.11/site-packages/asgiref/${name}.py`);

const shape = (parts: StackPart[]) => parts.map((part) => (part.kind === "frame" ? `${part.frame.function}${part.failing ? "!" : ""}` : `(${foldLabel(part.packages)})`));

describe("folding", () => {
  const frames = [django("a"), django("b"), asgi("c"), own("view"), django("d"), own("price"), django("raise")];

  test("runs of foreign frames become one line each, newest first", () => {
    expect(shape(foldStack(frames, "newest"))).toEqual(["(1 frame of django)", "price!", "(1 frame of django)", "view", "(2 frames of django and 1 of asgiref)"]);
  });

  test("oldest first turns the order round, not the failing frame", () => {
    expect(shape(foldStack(frames, "oldest"))).toEqual(["(2 frames of django and 1 of asgiref)", "view", "(1 frame of django)", "price!", "(1 frame of django)"]);
  });

  test("all frames: nothing is folded", () => {
    expect(shape(foldStack(frames, "newest", true))).toEqual(["raise", "price!", "d", "view", "c", "b", "a"]);
  });

  test("without own code the newest frame is the failing one and stays open", () => {
    expect(shape(foldStack([django("a"), django("b")], "newest"))).toEqual(["b!", "(1 frame of django)"]);
  });

  test("an empty stack has no parts", () => {
    expect(foldStack([], "newest")).toEqual([]);
  });

  test("many packages are counted, not listed", () => {
    const packages = [{ name: "django", frames: 9 }, { name: "x", frames: 1 }, { name: "y", frames: 2 }];
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

test("lines are numbered from the first and lose the indentation they share", () => {
  const frame = create(FrameDetailSchema, { lineno: 12, preContext: ["    if x:", ""], contextLine: "\tfail()", postContext: ["        y"] });
  expect(sourceLines(frame)).toEqual([
    { number: 10, text: "if x:", failing: false },
    { number: 11, text: "", failing: false },
    { number: 12, text: "fail()", failing: true },
    { number: 13, text: "    y", failing: false },
  ]);
});
