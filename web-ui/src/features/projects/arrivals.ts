// What arrived, in words: categories of the protocol, reasons of drops.
import type { Arrival } from "@/gen/errata/v1/project_pb";

const CATEGORIES: Record<string, string> = {
  error: "Errors",
  attachment: "Attachments",
  feedback: "User feedback",
  session: "Sessions",
  monitor: "Check-ins",
  client_report: "Client reports",
  security: "Browser reports",
  transaction: "Transactions",
  span: "Spans",
  profile: "Profiles",
  profile_chunk: "Profiles",
  replay: "Session replays",
  log_item: "Logs",
  trace_metric: "Metrics",
  metric_bucket: "Metrics",
  internal: "Client reports, refused",
  unknown: "Unknown items",
};

const REASONS: Record<string, string> = {
  invalid: "could not be read",
  too_large: "were too large",
  duplicate: "had been stored before",
  empty: "were empty",
  unauthenticated: "came without a key",
  forbidden: "came with a wrong or disabled key",
  unknown_project: "named a project that does not exist",
  limited: "were beyond a limit",
  overloaded: "came when the server could take no more",
  aborted: "broke off on their way",
  internal: "were lost by a fault of the server",
};

/** Why a whole category is counted and not kept. */
const NOT_KEPT: Record<string, string> = {
  transaction: "Errata tracks errors, not traces. SDKs are told to stop sending them.",
  span: "Errata tracks errors, not traces. SDKs are told to stop sending them.",
  profile: "Errata tracks errors, not performance. SDKs are told to stop sending them.",
  profile_chunk: "Errata tracks errors, not performance. SDKs are told to stop sending them.",
  replay: "Errata does not record screens. SDKs are told to stop sending them.",
  log_item: "Only logged errors become issues; other log lines are not kept.",
  trace_metric: "Errata tracks errors, not metrics. SDKs are told to stop sending them.",
  metric_bucket: "Errata tracks errors, not metrics. SDKs are told to stop sending them.",
  security: "Reports that are no violation of a policy and no failed request.",
  unknown: "Items of a kind that this version does not know.",
  error: "Crash archives of a kind that this version does not read.",
};

const words = (name: string): string => name.replaceAll("_", " ");
const filterOf = (reason: string): string =>
  reason.startsWith("filtered_") ? words(reason.slice("filtered_".length)) : "";

export const categoryName = (category: string): string => CATEGORIES[category] ?? words(category);
export const reasonText = (reason: string): string =>
  REASONS[reason] ?? (filterOf(reason) ? `were turned away by a filter: ${filterOf(reason)}` : words(reason));
export const notKept = (category: string): string => NOT_KEPT[category] ?? "Items of this kind are not kept.";

const COUNTED: ReadonlySet<string> = new Set(["type_not_stored", "sampled"]);

/** Why an arrival was counted and not stored. */
export const whyCounted = ({ category, reason }: Pick<Arrival, "category" | "reason">): string =>
  reason === "sampled" ? "The surplus of a spike: counted in their issue." : notKept(category);

export interface Fates {
  /** Kept, by category. */
  stored: Arrival[];
  /** Of kinds that are only counted, and the surplus of a spike. */
  counted: Arrival[];
  /** Of kinds that are kept, but these were not. */
  dropped: Arrival[];
}

/** Sorts arrivals by what became of them; the order within stays. */
export function fates(received: Arrival[]): Fates {
  return {
    stored: merged(received.filter((each) => each.reason === "")),
    counted: merged(received.filter((each) => COUNTED.has(each.reason))),
    dropped: merged(received.filter((each) => each.reason !== "" && !COUNTED.has(each.reason))),
  };
}

/** Categories that people know by one name are one line. */
export function merged(arrivals: Arrival[]): Arrival[] {
  const lines = new Map<string, Arrival>();
  for (const each of arrivals) {
    const line = `${categoryName(each.category)}|${each.reason}`;
    const known = lines.get(line);
    lines.set(line, known ? { ...known, count: known.count + each.count } : each);
  }
  return [...lines.values()];
}
