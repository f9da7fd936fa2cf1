// What the mock server knows, and how it changes.
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { IssueStatus } from "../src/gen/errata/v1/command_pb";
import { Level } from "../src/gen/errata/v1/event_pb";
import { ActivitySchema, type Issue } from "../src/gen/errata/v1/issue_pb";
import { fillers, hex, makeIssue, members, type MockEvent, type MockIssue, type MockProject, mockProjects, random, type Template, templates } from "./mock-data";

export type Amount = "none" | "few" | "many";
type Listener = (mock: MockIssue, isNew: boolean) => void;

const SPARK_BUCKETS = 24;

export class MockStore {
  readonly projects: MockProject[];
  readonly issues: MockIssue[];
  readonly members = [...members];
  position = 1_000_000n;
  private readonly listeners = new Set<Listener>();
  private readonly next = random(Date.now());

  constructor(readonly amount: Amount) {
    const now = Date.now();
    this.projects = amount === "none" ? mockProjects(now).slice(0, 1) : mockProjects(now);
    const chosen = amount === "none" ? [] : amount === "few" ? templates.slice(0, 4) : [...templates, ...fillers(130)];
    this.issues = chosen.map((template, index) => makeIssue(template, index, now));
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  find(id: string): MockIssue | undefined {
    return this.issues.find((each) => each.issue.id === id);
  }

  /** The issue with a sparkline of the range. */
  withSparkline(mock: MockIssue, rangeS: number): Issue {
    const range = (rangeS || 86_400) * 1000;
    const from = Date.now() - range;
    const sparkline = new Array<number>(SPARK_BUCKETS).fill(0);
    for (const event of mock.events) {
      const bucket = Math.floor(((event.atMs - from) / range) * SPARK_BUCKETS);
      if (bucket >= 0) sparkline[Math.min(bucket, SPARK_BUCKETS - 1)] = (sparkline[Math.min(bucket, SPARK_BUCKETS - 1)] ?? 0) + 1;
    }
    return { ...mock.issue, sparkline };
  }

  /** A command took effect. */
  changed(mock: MockIssue, kind: string, detail = ""): void {
    mock.activities.unshift(create(ActivitySchema, { position: String(this.position), kind, at: timestampFromMs(Date.now()), actor: "ada@example.org", detail }));
    this.tell(mock, false);
  }

  advance(): string {
    this.position += 1n;
    return String(this.position);
  }

  add(mock: MockIssue, isNew: boolean): void {
    const event: MockEvent = { id: hex(this.next, 32), atMs: Date.now(), release: mock.issue.lastRelease, environment: "production", user: Math.floor(this.next() * 4000), position: this.position };
    mock.events.push(event);
    mock.issue = { ...mock.issue, count: mock.issue.count + 1n, users: mock.issue.users + (this.next() < 0.4 ? 1n : 0n), lastSeen: timestampFromMs(event.atMs), lastEventId: event.id };
    if (!isNew && mock.issue.status === IssueStatus.RESOLVED) {
      mock.issue = { ...mock.issue, status: IssueStatus.UNRESOLVED };
      mock.activities.unshift(create(ActivitySchema, { position: this.advance(), kind: "regressed", at: timestampFromMs(event.atMs), actor: "errata", detail: mock.issue.lastRelease }));
    }
    this.advance();
    this.tell(mock, isNew);
  }

  private tell(mock: MockIssue, isNew: boolean): void {
    for (const listener of this.listeners) listener(mock, isNew);
  }

  private begin(template: Template): MockIssue {
    const mock = makeIssue({ ...template, weight: 1, startHoursAgo: 0.001 }, this.issues.length + 50, Date.now());
    this.issues.unshift(mock);
    this.tell(mock, true);
    return mock;
  }

  /** Something happens by itself: mostly a known issue, sometimes a new one. */
  happen(): void {
    if (this.amount === "none") return;
    if (this.next() < 0.15) {
      const template = fillers(200)[130 + Math.floor(this.next() * 70)];
      if (template) this.begin(template);
      return;
    }
    const mock = this.issues[Math.floor(this.next() ** 2 * Math.min(6, this.issues.length))];
    if (mock && mock.issue.status === IssueStatus.UNRESOLVED) this.add(mock, false);
  }

  /** `POST /api/errors`; null: unknown key. */
  receive(key: string, body: Record<string, unknown>): string | null {
    const project = this.projects.find((each) => each.key === key);
    if (!project) return null;
    const error = (body["error"] ?? {}) as { type?: string; message?: string };
    const known = this.issues.find((each) => each.issue.projectId === project.id && each.issue.type === (error.type ?? ""));
    if (known) {
      this.add(known, false);
      return known.issue.lastEventId;
    }
    const mock = this.begin({
      project: project.id, level: Level.INFO, type: error.type ?? "", value: error.message ?? "", culprit: "sendTestError in errata/setup", platform: "javascript", handled: true, weight: 1, shape: "once", startHoursAgo: 0,
      detail: () => ({ exceptions: [{ type: error.type ?? "", value: error.message ?? "", mechanism: { type: "generic", handled: true } }] }),
    });
    return mock.issue.lastEventId;
  }
}
