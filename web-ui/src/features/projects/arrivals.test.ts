import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ArrivalSchema } from "@/gen/errata/v1/project_pb";
import { categoryName, fates, notKept, reasonText, whyCounted } from "./arrivals";

const arrival = (category: string, reason: string) => create(ArrivalSchema, { category, reason, count: 1n });

test("the surplus of a spike is counted, and no drop", () => {
  const surplus = arrival("error", "sampled");
  expect(fates([surplus, arrival("error", "")])).toMatchObject({ counted: [surplus], dropped: [] });
  expect(whyCounted(surplus)).toMatch(/spike/);
  expect(whyCounted(arrival("span", "type_not_stored"))).toMatch(/traces/);
});

test("arrivals are told apart by what became of them", () => {
  const all = [
    arrival("error", ""),
    arrival("span", "type_not_stored"),
    arrival("error", "invalid"),
    arrival("error", "filtered_release"),
  ];
  const found = fates(all);
  expect(found.stored).toEqual([all[0]]);
  expect(found.counted).toEqual([all[1]]);
  expect(found.dropped).toEqual([all[2], all[3]]);
});

test("categories of one name are one line", () => {
  const found = fates([
    arrival("profile", "type_not_stored"),
    arrival("profile_chunk", "type_not_stored"),
    arrival("profile", "invalid"),
  ]);
  expect(found.counted.map((each) => [each.category, each.count])).toEqual([["profile", 2n]]);
  expect(found.dropped).toHaveLength(1);
});

test("words that are not known are still readable", () => {
  expect(categoryName("feature_flag")).toBe("feature flag");
  expect(reasonText("filtered_release")).toBe("were turned away by a filter: release");
  expect(reasonText("lost_somewhere")).toBe("lost somewhere");
  expect(notKept("other")).toContain("not kept");
});
