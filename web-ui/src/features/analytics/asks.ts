// What is asked of the server for each part of the page.
import type { StatsAsk } from "./api/queryStats";
import type { View } from "./view";

/** Series of the chart. */
const SERIES = 5;
/** Rows of a short table. */
const ROWS = 8;

export const exploreAsk = ({ query, by, compare }: View): StatsAsk => ({
  query,
  groupBy: by,
  interval: "",
  limit: SERIES,
  withUsers: true,
  withBefore: compare,
});

export const topAsk = ({ query, compare }: View, field: string): StatsAsk => ({
  query,
  groupBy: field,
  interval: "all",
  limit: ROWS,
  withUsers: true,
  withBefore: compare,
});

export const hoursAsk = ({ query }: View): StatsAsk => ({
  query,
  groupBy: "",
  interval: "1h",
  limit: 1,
  withUsers: false,
  withBefore: false,
});
