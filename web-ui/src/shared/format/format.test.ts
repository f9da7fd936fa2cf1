import { expect, test } from "vitest";
import { comparison, share, shortCount } from "./count";
import { sentence } from "./sentence";
import { age, duration, fromDate, toDate } from "./time";

test.each([
  [0, "0"],
  [7, "7"],
  [999, "999"],
  [1000, "1k"],
  [1049, "1k"],
  [1951, "2k"],
  [12_400, "12.4k"],
  [12_460, "12.5k"],
  [99_949, "99.9k"],
  [99_999, "100k"],
  [999_499, "999k"],
  [999_500, "1M"],
  [999_999, "1M"],
  [1_000_000n, "1M"],
  [3_250_000_000n, "3.3G"],
])("a count of %s is short as %s", (value, expected) => {
  expect(shortCount(value)).toBe(expected);
});

test.each([
  [0, "now"],
  [4.9, "now"],
  [59, "59s"],
  [60, "1m"],
  [3599, "59m"],
  [86_399, "23h"],
  [86_400, "1d"],
  [59 * 86_400, "59d"],
  [60 * 86_400, "2mo"],
  [800 * 86_400, "2y"],
])("%s s ago reads %s", (seconds, expected) => {
  expect(age(seconds)).toBe(expected);
});

test.each([
  [340, "340 ms"],
  [12_420, "12.4 s"],
  [200_000, "3 m 20 s"],
  [7_380_000, "2 h 3 m"],
])("%s ms lasts %s", (ms, expected) => {
  expect(duration(ms)).toBe(expected);
});

test.each([
  [120, 100, "+20% against the time before"],
  [80, 100, "−20% against the time before"],
  [100, 100, "as in the time before"],
  [0, 100, "−100% against the time before"],
  [5, 0, "none in the time before"],
  [0, 0, ""],
  [61_681, 1, "1 in the time before"],
  [3, 19, "19 in the time before"],
  [10, 20, "−50% against the time before"],
  [199, 20, "+895% against the time before"],
  [200, 20, "10× the time before"],
  [12_345, 1000, "12× the time before"],
])("%s after %s: %s", (now, before, expected) => {
  expect(comparison(now, before)).toBe(expected);
});

test.each([
  [0, 100, "0%"],
  [1, 1000, "<1%"],
  [999, 1000, ">99%"],
  [1, 3, "33%"],
  [1, 0, "0%"],
])("%s of %s is %s", (part, whole, expected) => {
  expect(share(part, whole)).toBe(expected);
});

test("a time before 1970 and one with milliseconds survive the API's form", () => {
  for (const date of [new Date("1969-12-31T23:59:58.250Z"), new Date("2026-11-22T15:27:41.490Z")]) {
    const { seconds, nanos } = fromDate(date);
    expect(nanos).toBeGreaterThanOrEqual(0);
    expect(toDate({ $typeName: "google.protobuf.Timestamp", seconds, nanos })).toEqual(date);
  }
});

test.each([
  ["email: there is a user already", "There is a user already."],
  ["the link is unknown, used or expired", "The link is unknown, used or expired."],
  ["Not now!", "Not now!"],
  ["", ""],
])("a message of the server is a sentence: %s", (message, expected) => {
  expect(sentence(message)).toBe(expected);
});
