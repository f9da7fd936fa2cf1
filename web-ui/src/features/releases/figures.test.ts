import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { SessionCountsSchema } from "@/gen/errata/v1/health_pb";
import { crashFreeSessions, crashFreeUsers, pointsApart, precise, quoted } from "./figures";

const sessions = (started: number, crashed: number) =>
  create(SessionCountsSchema, { started: BigInt(started), crashed: BigInt(crashed), users: 100n, crashedUsers: 1n });

test.each([
  [100, 100, "100%"],
  [9999, 10_000, "99.99%"],
  [999_999, 1_000_000, "99.99%"],
  [50, 100, "50.00%"],
  [5, 10, "–"],
])("%s of %s is %s", (part, whole, expected) => {
  expect(precise(part, whole)).toBe(expected);
});

test("shares and their difference", () => {
  expect(crashFreeSessions(sessions(1000, 10))).toBe("99.00%");
  expect(crashFreeUsers(sessions(1000, 10))).toBe("99.00%");
  expect(crashFreeSessions(undefined)).toBe("–");
  expect(pointsApart(sessions(1000, 10), sessions(1000, 5))).toBe("−0.50");
  expect(pointsApart(sessions(1000, 5), sessions(1000, 5))).toBe("±0");
  expect(pointsApart(sessions(1000, 5), undefined)).toBe("");
  expect(quoted('a "b" *')).toBe('"a \\"b\\" \\*"');
});
