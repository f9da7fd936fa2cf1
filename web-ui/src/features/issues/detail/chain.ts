// How the exceptions of an event hang together: causes, members of groups, what was
// suppressed. A pure function of what the client sent; links that lead nowhere or in a
// circle make a plain list.
import type { ExceptionDetail } from "@/gen/errata/v1/event_read_pb";

export type Relation = "caused by" | "while handling" | "in the group" | "suppressed";

export interface Arranged {
  exception: ExceptionDetail;
  /** To the one it hangs on; null: the first. */
  relation: Relation | null;
  /** Groups around it. */
  depth: number;
  /** Its place among the members of its group, from 1, and their number. */
  member: { place: number; of: number } | null;
}

const GROUPS = /(?:ExceptionGroup|AggregateError|AggregateException|CompositeException|MultiError|joinError)$/;

const childrenOf = (parent: ExceptionDetail, all: readonly ExceptionDetail[]): ExceptionDetail[] => {
  const id = parent.mechanism?.exceptionId;
  return id === undefined ? [] : all.filter((each) => each !== parent && each.mechanism?.parentId === id);
};

/** Some SDKs mark every exception with a cause as a group: only several members, or its name, tell. */
export function isGroup(exception: ExceptionDetail, all: readonly ExceptionDetail[]): boolean {
  if (exception.mechanism?.isExceptionGroup !== true) return false;
  const children = childrenOf(exception, all);
  return children.length > 0 && (GROUPS.test(exception.type) || children.length > 1);
}

function relationOf(child: ExceptionDetail, parent: ExceptionDetail | null, all: readonly ExceptionDetail[]): Relation {
  const source = child.mechanism?.source ?? "";
  if (source === "__context__") return "while handling";
  if (child.mechanism?.type === "suppressed" || source.startsWith("suppressed")) return "suppressed";
  const isCause = source === "__cause__" || source === "cause";
  return parent && !isCause && isGroup(parent, all) ? "in the group" : "caused by";
}

/**
 * The one that all others hang on: the newest, or what that hangs on itself. Kotlin puts
 * what was suppressed behind the exception that suppressed it.
 */
function rootOf(all: readonly ExceptionDetail[]): ExceptionDetail | undefined {
  let root = all.at(-1);
  const seen = new Set<ExceptionDetail>();
  while (root && !seen.has(root)) {
    seen.add(root);
    const parentId = root.mechanism?.parentId;
    const parent =
      parentId === undefined
        ? undefined
        : all.find((each) => each !== root && each.mechanism?.exceptionId === parentId);
    if (!parent) return root;
    root = parent;
  }
  return all.at(-1);
}

/** The exceptions in reading order: the newest, then what it came from. `all` is oldest first. */
export function arrange(all: readonly ExceptionDetail[]): Arranged[] {
  const root = rootOf(all);
  if (!root) return [];
  const found: Arranged[] = [];
  const seen = new Set<ExceptionDetail>();
  const visit = (
    exception: ExceptionDetail,
    parent: ExceptionDetail | null,
    depth: number,
    member: Arranged["member"],
  ) => {
    if (seen.has(exception)) return;
    seen.add(exception);
    found.push({ exception, relation: parent ? relationOf(exception, parent, all) : null, depth, member });
    const children = childrenOf(exception, all).toSorted(
      (a, b) => (a.mechanism?.exceptionId ?? 0) - (b.mechanism?.exceptionId ?? 0),
    );
    const members = children.filter((child) => relationOf(child, exception, all) === "in the group");
    // What was suppressed happened beside; the causes go on with the story.
    const others = children
      .filter((child) => !members.includes(child))
      .toSorted(
        (a, b) =>
          Number(relationOf(b, exception, all) === "suppressed") -
          Number(relationOf(a, exception, all) === "suppressed"),
      );
    for (const child of others) visit(child, exception, depth, null);
    for (const [index, child] of members.entries())
      visit(child, exception, depth + 1, { place: index + 1, of: members.length });
  };
  visit(root, null, 0, null);
  if (found.length === all.length) return found;
  return all.toReversed().map((exception, index) => ({
    exception,
    relation: index === 0 ? null : relationOf(exception, null, all),
    depth: 0,
    member: null,
  }));
}
