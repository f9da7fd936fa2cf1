// What can be taken along from an issue and its event: for a ticket, for a terminal.
import type { EventDetail, EventSummary } from "@/gen/errata/v1/event_read_pb";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { visible } from "@/shared/format/controls";
import { plural } from "@/shared/format/count";
import { levelName } from "@/shared/format/issue";
import { toDate } from "@/shared/format/time";
import { languageOf } from "./languages";
import { eventText, framesText } from "./notation";
import { mainThread } from "./threadOf";

export const issueLink = (origin: string, issueId: string): string => `${origin}/issues/${issueId}`;
export const eventLink = (origin: string, issueId: string, eventId: string): string =>
  `${origin}/issues/${issueId}/events/${eventId}`;

/** Longer stacks make no ticket better; the link has the whole. */
const STACK_LINES_MAX = 60;

const cell = (text: string): string => visible(text).replaceAll("|", "\\|").replaceAll("\n", " ");

/** Code between fences longer than any within it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

interface Ticket {
  issue: Issue;
  summary: EventSummary;
  detail: EventDetail;
  project: string;
  origin: string;
}

/** Title, where, facts and stack as Markdown. */
export function markdown({ issue, summary, detail, project, origin }: Ticket): string {
  const language = languageOf(summary.platform, typeof detail.sdk?.["name"] === "string" ? detail.sdk["name"] : "");
  const own = detail.exceptions.some((each) => each.frames.length > 0);
  const thread = own ? [] : (mainThread(detail)?.frames ?? []);
  const stack = [
    detail.exceptions.length > 0 ? eventText(detail.exceptions, language) : detail.message,
    ...framesText(thread, language),
  ]
    .filter(Boolean)
    .join("\n")
    .split("\n");
  const cut =
    stack.length > STACK_LINES_MAX
      ? [...stack.slice(0, STACK_LINES_MAX), `… ${stack.length - STACK_LINES_MAX} more lines`]
      : stack;
  const facts: [string, string][] = [
    ["Where", issue.culprit],
    ["Project", project],
    ["Level", `${levelName(issue.level)}${issue.handled === false ? ", unhandled" : ""}`],
    ["Release", summary.release],
    ["Environment", summary.environment],
    ["Seen", `${plural(issue.count, "event")}${issue.users > 0n ? `, ${plural(issue.users, "user")}` : ""}`],
    ["First seen", issue.firstSeen ? toDate(issue.firstSeen).toISOString() : ""],
    ["Last seen", issue.lastSeen ? toDate(issue.lastSeen).toISOString() : ""],
  ];
  return [
    `## ${cell(issue.title)}`,
    "",
    `[Issue](${issueLink(origin, issue.id)}) · [event ${summary.id}](${eventLink(origin, issue.id, summary.id)})`,
    "",
    "| | |",
    "| --- | --- |",
    ...facts.filter(([, value]) => value !== "").map(([name, value]) => `| ${name} | ${cell(value)} |`),
    "",
    fenced(cut.map(visible).join("\n")),
    "",
  ].join("\n");
}

/** One word of a shell's command line. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Headers that curl sets by itself, or that say nothing of the request. */
const LEFT_OUT = new Set(["host", "content-length", "connection", "accept-encoding"]);

export function headerPairs(headers: unknown): [string, string][] {
  const pairs: unknown[] = Array.isArray(headers)
    ? headers
    : typeof headers === "object" && headers !== null
      ? Object.entries(headers)
      : [];
  return pairs.flatMap((pair): [string, string][] => {
    if (!Array.isArray(pair) || typeof pair[0] !== "string") return [];
    const values: unknown[] = Array.isArray(pair[1]) ? pair[1] : [pair[1]];
    return values.map((value): [string, string] => [
      pair[0] as string,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
  });
}

/** The event's request as a command; masked values stay masked. "" without an address. */
export function curl(request: Readonly<Record<string, unknown>> | undefined): string {
  const url = request?.["url"];
  if (!request || typeof url !== "string" || url === "") return "";
  const query = request["query_string"];
  const search = typeof query === "string" && query !== "" && !url.includes("?") ? `?${query.replace(/^\?/, "")}` : "";
  const method =
    typeof request["method"] === "string" && request["method"] !== "" ? request["method"].toUpperCase() : "GET";
  const body = request["data"];
  const hasBody = body !== undefined && body !== null && body !== "";
  const pairs = headerPairs(request["headers"]).filter(([name]) => !LEFT_OUT.has(name.toLowerCase()));
  const cookies = request["cookies"];
  const parts = [`curl ${quoted(url + search)}`];
  if (method !== (hasBody ? "POST" : "GET")) parts.push(`-X ${/^[A-Z]+$/.test(method) ? method : quoted(method)}`);
  for (const [name, value] of pairs) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (
    cookies !== undefined &&
    cookies !== null &&
    cookies !== "" &&
    !pairs.some(([name]) => name.toLowerCase() === "cookie")
  ) {
    const text =
      typeof cookies === "string"
        ? cookies
        : headerPairs(cookies)
            .map(([name, value]) => `${name}=${value}`)
            .join("; ");
    if (text !== "") parts.push(`-b ${quoted(text)}`);
  }
  if (hasBody) parts.push(`--data-raw ${quoted(typeof body === "string" ? body : JSON.stringify(body))}`);
  return parts.join(" \\\n  ");
}
