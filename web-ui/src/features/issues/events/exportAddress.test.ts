import { expect, test } from "vitest";
import { parseEventList } from "./eventList";
import { exportAddress } from "./exportAddress";

const NOW = Date.UTC(2026, 10, 30, 12);

test.each([
  ["", { format: "csv", from: "2026-11-29T12:00:00.000Z" }],
  [
    "project=2&environment=prod&range=7d&q=level%3Aerror&order=asc",
    {
      format: "csv",
      project: "2",
      query: "level:error",
      environment: "prod",
      from: "2026-11-23T12:00:00.000Z",
      order: "asc",
    },
  ],
  ["project=1,2&q=boom", { format: "csv", query: "boom (project:1 OR project:2)", from: "2026-11-29T12:00:00.000Z" }],
])("the file of %s is of the list's events", (url, expected) => {
  const address = new URL(exportAddress(parseEventList(new URLSearchParams(url)), "csv", NOW), "http://errata.test");
  expect(address.pathname).toBe("/api/errors/export");
  const { time_zone: zone, ...given } = Object.fromEntries(address.searchParams);
  expect(given).toEqual(expected);
  expect(zone).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
});
