import { create } from "@bufbuild/protobuf";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { EventSummarySchema } from "@/gen/errata/v1/event_read_pb";
import { listed, StandsFor } from "./StandsFor";

afterEach(cleanup);

test.each([
  [0, null],
  [1, null],
  [2, "×2"],
  [5_000, "×5k"],
])("an event of %i errors says %s", (count, said) => {
  const { container } = render(<StandsFor event={create(EventSummarySchema, { count })} />);
  expect(container.textContent || null).toBe(said);
  if (said) expect(screen.getByRole("img").getAttribute("aria-label")).toContain(count.toLocaleString("en"));
});

test.each([
  [3n, 3n, undefined],
  [5_000n, 3n, "The list has the 3 events that are kept"],
  [5_000n, 1n, "The list has the 1 event that is kept"],
  [7n, 0n, "None of them is kept any more"],
])("a figure of %i errors with %i rows", (errors, rows, said) => {
  const words = listed(errors, rows);
  if (said === undefined) expect(words).toBeUndefined();
  else expect(words).toContain(said);
});
