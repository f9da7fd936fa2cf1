// The services of the API over the mock store.
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { timestampDate, timestampFromMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { CommandService, IssueStatus, Role } from "../src/gen/errata/v1/command_pb";
import { Level } from "../src/gen/errata/v1/event_pb";
import { AttachmentSchema, EventDetailSchema, EventService, type EventSummary } from "../src/gen/errata/v1/event_read_pb";
import { IngestDebugService, OutcomeKind } from "../src/gen/errata/v1/ingest_debug_pb";
import { type Issue, type IssueFilter, IssueService, IssueSort } from "../src/gen/errata/v1/issue_pb";
import { LiveService } from "../src/gen/errata/v1/live_pb";
import { ProjectService } from "../src/gen/errata/v1/project_pb";
import { SeriesGroup, StatsService } from "../src/gen/errata/v1/stats_pb";
import { outcomesOf } from "./mock-outcomes";
import { mockArrivals, mockFeedback, mockFiles } from "./mock-reports";
import { detailOf, hex, type MockEvent, type MockIssue, type MockProject, random, tagsOf } from "./mock-data";
import type { MockStore } from "./mock-store";

type Init<T> = Omit<T, "$typeName" | "$unknown">;

const HEARTBEAT_MS = 15_000;
const levelWords: Record<Level, string> = { [Level.UNSPECIFIED]: "error", [Level.DEBUG]: "debug", [Level.INFO]: "info", [Level.WARNING]: "warning", [Level.ERROR]: "error", [Level.FATAL]: "fatal" };

const ms = (time: Timestamp | undefined): number => (time ? timestampDate(time).getTime() : 0);

function requireSession(context: HandlerContext): void {
  if (!(context.requestHeader.get("cookie") ?? "").includes("errata_session=mock")) throw new ConnectError("no session", Code.Unauthenticated);
}

export function routesOf(store: MockStore): (router: ConnectRouter) => void {
  const find = (id: string): MockIssue => {
    const mock = store.find(id);
    if (!mock) throw new ConnectError(`no issue ${id}`, Code.NotFound);
    return mock;
  };
  return (router) => {
    issues(router, store, find);
    projects(router, store);
    outcomes(router, store);
    stats(router, store);
    commands(router, store, find);
    live(router, store);
  };
}

function matches(mock: MockIssue, filter: IssueFilter | undefined): boolean {
  if (!filter) return true;
  const { issue } = mock;
  const text = `${issue.title} ${issue.culprit}`.toLowerCase();
  return (
    (filter.projectIds.length === 0 || filter.projectIds.includes(issue.projectId)) &&
    (filter.statuses.length === 0 || filter.statuses.includes(issue.status)) &&
    (filter.levels.length === 0 || filter.levels.includes(issue.level)) &&
    (filter.environment === "" || mock.events.some((event) => event.environment === filter.environment)) &&
    (filter.release === "" || mock.events.some((event) => event.release === filter.release)) &&
    (filter.assignee === 0 || issue.assignee?.id === filter.assignee) &&
    ms(issue.lastSeen) >= ms(filter.from) &&
    (!filter.isNew || ms(issue.firstSeen) >= ms(filter.from)) &&
    filter.text.toLowerCase().split(/\s+/).every((word) => text.includes(word))
  );
}

const sortKey = (mock: MockIssue, sort: IssueSort): number =>
  sort === IssueSort.COUNT ? Number(mock.issue.count) : sort === IssueSort.USERS ? Number(mock.issue.users) : sort === IssueSort.FIRST_SEEN ? ms(mock.issue.firstSeen) : ms(mock.issue.lastSeen);

const countBy = <T>(items: readonly T[], key: (item: T) => string): [string, number][] => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
};

function issues(router: ConnectRouter, store: MockStore, find: (id: string) => MockIssue): void {
  router.service(IssueService, {
    listIssues(request, context) {
      requireSession(context);
      const found = store.issues.filter((mock) => matches(mock, request.filter)).sort((a, b) => sortKey(b, request.sort) - sortKey(a, request.sort));
      const from = Number(request.cursor || 0);
      const to = from + (request.limit || 50);
      return { issues: found.slice(from, to).map((mock) => store.withSparkline(mock, request.statsRangeS)), nextCursor: to < found.length ? String(to) : "", total: found.length, position: String(store.position) };
    },
    getIssue(request, context) {
      requireSession(context);
      const mock = find(request.issueId);
      const times = (release: string) => mock.events.filter((event) => event.release === release).map((event) => event.atMs);
      return {
        issue: store.withSparkline(mock, request.statsRangeS),
        releases: countBy(mock.events, (event) => event.release)
          .map(([version, count]) => ({ version, count: BigInt(count), firstSeen: timestampFromMs(Math.min(...times(version))), lastSeen: timestampFromMs(Math.max(...times(version))) }))
          .sort((a, b) => ms(b.lastSeen) - ms(a.lastSeen)),
        environments: countBy(mock.events, (event) => event.environment).map(([value, count]) => ({ value, count: BigInt(count) })),
      };
    },
    listActivity: (request) => ({ activities: find(request.issueId).activities }),
    listTags(request) {
      const mock = find(request.issueId);
      const all = mock.events.map((event) => tagsOf(mock, event));
      return {
        tags: Object.keys(all[0] ?? {}).map((key) => {
          const values = countBy(all, (tags) => tags[key] ?? "");
          return { key, count: BigInt(all.length), distinct: values.length, values: values.slice(0, 10).map(([value, count]) => ({ value, count: BigInt(count) })) };
        }),
      };
    },
    listFacets: () => ({
      environments: store.issues.length === 0 ? [] : ["preview-1482", "production", "staging"],
      releases: [...new Set(store.issues.map((mock) => mock.issue.lastRelease))].filter(Boolean).sort().reverse(),
    }),
  });
  router.service(EventService, {
    getEvent(request, context) {
      requireSession(context);
      const mock = find(request.issueId);
      const at = request.eventId === "latest" ? mock.events.length - 1 : request.eventId === "oldest" ? 0 : mock.events.findIndex((event) => event.id === request.eventId);
      const event = mock.events[at];
      if (!event) throw new ConnectError("no such event", Code.NotFound);
      return { summary: summaryOf(mock, event), detail: mock === store.issues[0] ? create(EventDetailSchema, { ...detailOf(mock, event), attachments: mockFiles().map((file) => create(AttachmentSchema, file)) }) : detailOf(mock, event), newerEventId: mock.events[at + 1]?.id ?? "", olderEventId: mock.events[at - 1]?.id ?? "" };
    },
    listEvents(request) {
      const mock = find(request.issueId);
      return { events: mock.events.slice(-50).reverse().map((event) => summaryOf(mock, event)), nextCursor: "" };
    },
  });
}

const summaryOf = (mock: MockIssue, event: MockEvent): Init<EventSummary> => ({
  id: event.id,
  issueId: mock.issue.id,
  projectId: mock.issue.projectId,
  timestamp: timestampFromMs(event.atMs),
  receivedAt: timestampFromMs(event.atMs + 300),
  user: "",
  isLate: false,
  level: mock.issue.level,
  type: mock.issue.type,
  message: mock.issue.value,
  culprit: mock.issue.culprit,
  release: event.release,
  environment: event.environment,
  platform: mock.issue.platform,
  position: String(event.position),
});

function projects(router: ConnectRouter, store: MockStore): void {
  const project = (each: MockProject) => {
    const own = store.issues.filter((mock) => mock.issue.projectId === each.id);
    const last = Math.max(0, ...own.map((mock) => ms(mock.issue.lastSeen)));
    return { id: each.id, name: each.name, platform: each.platform, createdAt: timestampFromMs(each.createdMs), ...(last > 0 ? { lastEventAt: timestampFromMs(last) } : {}), events: own.reduce((sum, mock) => sum + mock.issue.count, 0n), unresolvedIssues: BigInt(own.filter((mock) => mock.issue.status === IssueStatus.UNRESOLVED).length) };
  };
  router.service(ProjectService, {
    listProjects(_, context) {
      requireSession(context);
      return { projects: store.projects.map(project) };
    },
    getProject(request) {
      const each = store.projects.find((candidate) => candidate.id === request.projectId);
      if (!each) throw new ConnectError(`no project ${request.projectId}`, Code.NotFound);
      return { project: project(each), keys: [{ publicKey: each.key, label: "default", enabled: true, dsn: dsnOf(each), createdAt: timestampFromMs(each.createdMs) }] };
    },
    listMembers: () => ({ members: store.members }),
    listFeedback: (request) => mockFeedback(store, request),
    listArrivals: (request) => mockArrivals(request.hours),
    getViewer(_, context) {
      requireSession(context);
      return { viewer: { id: 1, email: "ada@example.org", name: "Ada Winter", role: Role.OWNER }, organization: "Example Shop", plan: "unlimited", version: "0.1.0-mock" };
    },
  });
}

function outcomes(router: ConnectRouter, store: MockStore): void {
  router.service(IngestDebugService, {
    listOutcomes(request, context) {
      requireSession(context);
      const all = outcomesOf(store, request.projectId).filter((each) => (request.kind === OutcomeKind.UNSPECIFIED || each.kind === request.kind) && BigInt(each.sequence ?? 0) > BigInt(request.after));
      return { outcomes: all.slice(0, request.limit || 100), newest: all[0]?.sequence ?? request.after };
    },
  });
}

const dsnOf = (project: MockProject): string => `http://${project.key}@127.0.0.1:8470/${project.id}`;

function stats(router: ConnectRouter, store: MockStore): void {
  const chosen = (projectIds: readonly number[]) => store.issues.filter((mock) => projectIds.length === 0 || projectIds.includes(mock.issue.projectId));
  const within = (mock: MockIssue, fromMs: number, toMs: number) => mock.events.filter((event) => event.atMs >= fromMs && event.atMs < toMs).length;
  router.service(StatsService, {
    getTimeSeries(request) {
      const to = request.to ? ms(request.to) : Date.now();
      const rangeS = (to - ms(request.from)) / 1000;
      const bucketS = rangeS <= 7200 ? 60 : rangeS <= 2 * 86_400 ? 3600 : rangeS <= 15 * 86_400 ? 3 * 3600 : 86_400;
      const from = Math.floor(ms(request.from) / 1000 / bucketS) * bucketS * 1000;
      const buckets = Math.ceil((to - from) / 1000 / bucketS);
      const series = new Map<string, bigint[]>();
      for (const mock of chosen(request.projectIds)) {
        if (request.issueId !== "" && mock.issue.id !== request.issueId) continue;
        const name = request.group === SeriesGroup.LEVEL ? levelWords[mock.issue.level] : request.group === SeriesGroup.PROJECT ? (store.projects.find((each) => each.id === mock.issue.projectId)?.name ?? "") : "";
        const counts = series.get(name) ?? new Array<bigint>(buckets).fill(0n);
        for (const event of mock.events) {
          const bucket = Math.floor((event.atMs - from) / 1000 / bucketS);
          if (bucket >= 0 && bucket < buckets) counts[bucket] = (counts[bucket] ?? 0n) + 1n;
        }
        series.set(name, counts);
      }
      return { from: timestampFromMs(from), bucketS, series: [...series].map(([name, counts]) => ({ name, counts })) };
    },
    listTopIssues(request) {
      const from = request.from ? ms(request.from) : Date.now() - 86_400_000;
      return {
        issues: chosen(request.projectIds)
          .map((mock) => ({ ...store.withSparkline(mock, (Date.now() - from) / 1000), rangeCount: BigInt(within(mock, from, Infinity)) }))
          .filter((each) => each.rangeCount > 0n)
          .sort((a, b) => Number(b.rangeCount - a.rangeCount))
          .slice(0, request.limit || 10),
      };
    },
    getSummary(request, context) {
      requireSession(context);
      const now = Date.now();
      const range = request.from ? now - ms(request.from) : 86_400_000;
      const all = chosen(request.projectIds);
      const sum = (fromMs: number, toMs: number) => BigInt(all.reduce((total, mock) => total + within(mock, fromMs, toMs), 0));
      return {
        range: {
          events: sum(now - range, now),
          newIssues: BigInt(all.filter((mock) => ms(mock.issue.firstSeen) >= now - range).length),
          regressedIssues: BigInt(all.filter((mock) => mock.activities.some((each) => each.kind === "regressed" && ms(each.at) >= now - range)).length),
          unresolvedIssues: BigInt(all.filter((mock) => mock.issue.status === IssueStatus.UNRESOLVED && ms(mock.issue.lastSeen) >= now - range).length),
        },
        before: { events: sum(now - 2 * range, now - range) },
      };
    },
    getPipelineStatus: () => ({
      logPosition: String(store.position),
      projections: ["issues", "search", "cold"].map((name) => ({ name, position: String(store.position), lag: name === "cold" ? 1482n : 0n })),
    }),
  });
}

function commands(router: ConnectRouter, store: MockStore, find: (id: string) => MockIssue): void {
  const words: Record<IssueStatus, string> = { [IssueStatus.UNSPECIFIED]: "reopened", [IssueStatus.UNRESOLVED]: "reopened", [IssueStatus.RESOLVED]: "resolved", [IssueStatus.IGNORED]: "ignored" };
  const next = random(4242);
  router.service(CommandService, {
    setIssueStatus(request, context) {
      requireSession(context);
      for (const id of request.issueIds) {
        const mock = find(id);
        mock.issue = { ...mock.issue, status: request.status };
        store.changed(mock, words[request.status]);
      }
      return { position: store.advance() };
    },
    assignIssues(request) {
      const member = store.members.find((each) => each.id === request.userId);
      for (const id of request.issueIds) {
        const mock = find(id);
        const next = { ...mock.issue };
        if (member) next.assignee = { $typeName: "errata.v1.Issue.Member", id: member.id, email: member.email, name: member.name };
        else delete next.assignee;
        mock.issue = next;
        store.changed(mock, member ? "assigned" : "unassigned", member ? member.name || member.email : "");
      }
      return { position: store.advance() };
    },
    createProject(request) {
      if (store.projects.some((each) => each.name.toLowerCase() === request.name.toLowerCase())) throw new ConnectError(`a project is called "${request.name}" already`, Code.AlreadyExists);
      const project = { id: store.projects.length + 1, name: request.name, platform: request.platform, key: hex(next, 32), createdMs: Date.now() };
      store.projects.push(project);
      return { position: store.advance(), projectId: project.id, publicKey: project.key, dsn: dsnOf(project) };
    },
    createToken: () => ({ position: store.advance(), tokenId: 7, token: `ert_${hex(next, 48)}` }),
    revokeToken: () => ({ position: store.advance() }),
    createUser(request) {
      store.members.push({ $typeName: "errata.v1.Member", id: store.members.length + 1, email: request.email, name: request.name, role: request.role });
      return { position: store.advance(), userId: store.members.length, passwordLink: `http://127.0.0.1:8470/welcome#${hex(next, 40)}` };
    },
  });
}

function live(router: ConnectRouter, store: MockStore): void {
  router.service(LiveService, {
    async *streamIssues(request, context) {
      requireSession(context);
      const queue: { issue: Issue; isNew: boolean; position: string }[] = [];
      let wake: () => void = () => undefined;
      const stop = store.subscribe((mock, isNew) => {
        if (request.projectIds.length > 0 && !request.projectIds.includes(mock.issue.projectId)) return;
        if (request.issueId !== "" && request.issueId !== mock.issue.id) return;
        queue.push({ issue: store.withSparkline(mock, request.statsRangeS), isNew, position: String(store.position) });
        wake();
      });
      context.signal.addEventListener("abort", () => wake());
      try {
        // The first message at once, so that the client sees the stream open.
        yield { position: String(store.position) };
        while (!context.signal.aborted) {
          const message = queue.shift();
          if (message) {
            yield message;
            continue;
          }
          const beat = await new Promise<boolean>((resolve) => {
            const timer = setTimeout(() => resolve(true), HEARTBEAT_MS);
            wake = () => (clearTimeout(timer), resolve(false));
          });
          if (beat) yield { position: String(store.position) };
        }
      } finally {
        stop();
      }
    },
  });
}

