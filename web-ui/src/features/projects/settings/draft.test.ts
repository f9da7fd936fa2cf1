import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { FiltersSchema, ScrubMethod, ScrubbingSchema, SourceLines } from "@/gen/errata/v1/settings_pb";
import { filtersDraft, filtersOf, isExpression, scrubbingDraft, scrubbingOf } from "./draft";

describe("settings as they are edited", () => {
  it("come back as they were", () => {
    const scrubbing = create(ScrubbingSchema, {
      rules: [{ where: "iban", what: "@iban", how: ScrubMethod.HASH }],
      allow: ["public_token", "tags.card"],
      emails: true,
      sourceLines: SourceLines.REMOVE,
    });
    expect(create(ScrubbingSchema, scrubbingOf(scrubbingDraft(scrubbing)))).toEqual(scrubbing);
    const filters = create(FiltersSchema, { releases: ["1.*", "2.0"], ipRanges: ["192.0.2.0/24"], crawlers: true });
    expect(create(FiltersSchema, filtersOf(filtersDraft(filters)))).toEqual(filters);
  });

  it("pass over blank lines and rules without a place", () => {
    const draft = scrubbingDraft(undefined);
    const rule = { key: 1, where: " ", what: "", how: ScrubMethod.MASK };
    expect(scrubbingOf({ ...draft, rules: [rule], allow: "\n a \n\n" })).toMatchObject({ rules: [], allow: ["a"] });
  });

  it("know an expression from a pattern", () => {
    expect(isExpression("K-[0-9]+")).toBe(true);
    expect(isExpression("@card")).toBe(false);
    expect(isExpression("")).toBe(false);
  });
});
