import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ExceptionDetailSchema } from "@/gen/errata/v1/event_read_pb";
import { arrange } from "./chain";

interface Link {
  id?: number;
  parent?: number;
  group?: boolean;
  type?: string;
  source?: string;
}

const exception = (name: string, { id, parent, group = false, type = "", source = "" }: Link = {}) =>
  create(ExceptionDetailSchema, {
    type: name,
    mechanism: {
      type,
      source,
      isExceptionGroup: group,
      ...(id !== undefined && { exceptionId: id }),
      ...(parent !== undefined && { parentId: parent }),
    },
  });

const shape = (exceptions: Parameters<typeof arrange>[0]) =>
  arrange(exceptions).map(
    ({ exception: { type }, relation, depth, member }) =>
      `${"  ".repeat(depth)}${type}${relation ? ` ${relation}` : ""}${member ? ` ${member.place}/${member.of}` : ""}`,
  );

test("a plain chain is told backwards", () => {
  expect(shape([exception("Cause"), exception("Middle"), exception("Newest")])).toEqual([
    "Newest",
    "Middle caused by",
    "Cause caused by",
  ]);
  expect(shape([])).toEqual([]);
});

test("a group is a tree, its members in their own order, causes with their owner", () => {
  const exceptions = [
    exception("Root cause", { id: 4, parent: 3, source: "__cause__" }),
    exception("KeyError", { id: 3, parent: 0, source: "exceptions[1]" }),
    exception("Context", { id: 2, parent: 1, source: "__context__" }),
    exception("ValueError", { id: 1, parent: 0, source: "exceptions[0]" }),
    exception("ExceptionGroup", { id: 0, group: true }),
  ];
  expect(shape(exceptions)).toEqual([
    "ExceptionGroup",
    "  ValueError in the group 1/2",
    "  Context while handling",
    "  KeyError in the group 2/2",
    "  Root cause caused by",
  ]);
});

test("what was suppressed comes before the causes", () => {
  const exceptions = [
    exception("Cause", { id: 2, parent: 0, type: "chained" }),
    exception("Closing", { id: 1, parent: 0, type: "suppressed" }),
    exception("Top", { id: 0 }),
  ];
  expect(shape(exceptions)).toEqual(["Top", "Closing suppressed", "Cause caused by"]);
});

test("links in a circle, or to nowhere, make a list", () => {
  expect(
    shape([exception("A", { id: 1, parent: 2 }), exception("B", { id: 2, parent: 1 }), exception("C", { id: 3 })]),
  ).toEqual(["C", "B caused by", "A caused by"]);
  expect(shape([exception("A", { id: 1, parent: 9 }), exception("B", { id: 0 })])).toEqual(["B", "A caused by"]);
});

test("what was suppressed may stand behind the exception it hangs on", () => {
  const main = exception("RuntimeException", { id: 0, type: "UncaughtExceptionHandler" });
  const beside = exception("DiagnosticCoroutineContextException", { id: 1, parent: 0, type: "suppressed" });
  const told = ["RuntimeException", "DiagnosticCoroutineContextException suppressed"];
  expect([shape([main, beside]), shape([beside, main])]).toEqual([told, told]);
});
