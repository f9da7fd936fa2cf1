import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GroupingComponentSchema, GroupingExplanationSchema } from "@/gen/errata/v1/event_read_pb";
import { eventIdIn, linesOf, summaryOf } from "./components";
import { marksOf, NO_EXCEPTION } from "./marks";

type Init = MessageInitShape<typeof GroupingComponentSchema>;
const component = (init: Init) => create(GroupingComponentSchema, init);
const frame = (index: number, counts: boolean, why = counts ? "own" : "foreign"): Init => ({
  name: "frame",
  value: `call ${String(index)}`,
  counts,
  why,
  index,
});
const error = (index: number, parts: Init[], counts = true): Init => ({ name: "error", index, counts, parts });
const told = (parts: Init[], newestFirst: boolean) =>
  linesOf(component({ parts }).parts, newestFirst).map((line) =>
    line.kind === "one" ? line.component.value || line.component.name : `${String(line.components.length)} left out`,
  );

describe("the lines of a tree", () => {
  const parts = [
    { name: "type", value: "KeyError", counts: true },
    frame(0, false),
    frame(1, false),
    frame(2, false),
    frame(3, true),
    frame(4, false, "machinery"),
    frame(5, false, "machinery"),
    frame(6, true),
  ];

  test("are in the order of the stack, behind what the error is, and fold what is left out for one reason", () => {
    expect(told(parts, false)).toEqual(["KeyError", "3 left out", "call 3", "call 4", "call 5", "call 6"]);
    expect(told(parts, true)).toEqual(["KeyError", "call 6", "call 5", "call 4", "call 3", "3 left out"]);
  });

  test("show the newest error first where the newest call is", () => {
    const chain = [
      { name: "error", value: "cause", counts: true },
      { name: "error", value: "main", counts: true },
    ];
    expect(told(chain, true)).toEqual(["main", "cause"]);
    expect(told(chain, false)).toEqual(["cause", "main"]);
  });
});

test.each([
  [[error(0, [frame(0, true), frame(1, false)]), error(1, [frame(0, true)])], "2 errors, 2 of 3 frames"],
  [[error(0, [frame(0, true)], false), error(1, [])], "1 error, 0 of 1 frame"],
  [[{ name: "message", value: "x", counts: true }], ""],
])("the summary counts what counts", (parts, expected) => {
  expect(summaryOf(component({ parts }))).toBe(expected);
});

test("frames are marked by error and place, and none of an error that is left out counts", () => {
  const explanation = create(GroupingExplanationSchema, {
    root: {
      name: "event",
      counts: true,
      parts: [
        error(1, [frame(0, true), frame(3, false)]),
        { ...error(0, [frame(0, true, "")], false), why: "a try" },
        frame(7, true),
        { name: "part", counts: true, parts: [error(2, [frame(5, true)])] },
      ],
    },
  });
  const marks = marksOf(explanation);
  expect(marks.get(1)?.get(0)).toEqual({ counts: true, why: "own" });
  expect(marks.get(1)?.get(3)).toEqual({ counts: false, why: "foreign" });
  expect(marks.get(0)?.get(0)).toEqual({ counts: false, why: "a try" });
  expect(marks.get(NO_EXCEPTION)?.get(7)?.counts).toBe(true);
  expect(marks.get(2)?.get(5)?.counts).toBe(true);
});

const ID = "0123456789abcdef0123456789abcdef";
test.each([
  [ID, ID],
  [` ${ID.toUpperCase()} `, ID],
  [`https://errata.example/issues/00000000000000aa/events/${ID}?range=7d`, ID],
  [`/events/${"f".repeat(32)}?compare=${ID}`, ID],
  ["01234567-89ab-cdef-0123-456789abcdef", ID],
  [`${ID}0`, ""],
  ["0123", ""],
  ["", ""],
])("%s names the event %s", (text, expected) => {
  expect(eventIdIn(text)).toBe(expected);
});
