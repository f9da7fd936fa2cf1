// A server in memory for tests of components: every RPC of the API goes through the real
// clients to what a test puts here. What nobody answers is an empty answer.
import type {
  DescMessage,
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { type ConnectRouter, createRouterTransport } from "@connectrpc/connect";
import { AccountService } from "@/gen/errata/v1/account_pb";
import { CommandService } from "@/gen/errata/v1/command_pb";
import { EventService } from "@/gen/errata/v1/event_read_pb";
import { GroupingService } from "@/gen/errata/v1/grouping_pb";
import { HealthService } from "@/gen/errata/v1/health_pb";
import { IngestDebugService } from "@/gen/errata/v1/ingest_debug_pb";
import { IssueService } from "@/gen/errata/v1/issue_pb";
import { LiveService } from "@/gen/errata/v1/live_pb";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { ProjectSettingsService } from "@/gen/errata/v1/settings_pb";
import { StatsService } from "@/gen/errata/v1/stats_pb";

const services: readonly DescService[] = [
  AccountService,
  CommandService,
  EventService,
  GroupingService,
  HealthService,
  IngestDebugService,
  IssueService,
  LiveService,
  ProjectService,
  ProjectSettingsService,
  StatsService,
];

type Answer = (request: unknown) => object | Promise<object>;
type Unary = DescMethodUnary;
type Streaming = DescMethodServerStreaming;

type Flow = (request: unknown, signal: AbortSignal) => AsyncIterable<object>;

/** By the method itself. */
const answers = new Map<DescMethod, Answer>();
const flows = new Map<DescMethod, Flow>();
let calls: { method: DescMethod; request: unknown }[] = [];

function route(router: ConnectRouter): void {
  for (const method of services.flatMap((service) => service.methods)) {
    if (method.methodKind === "unary") {
      router.rpc(method as Unary, async (request) => {
        calls.push({ method, request });
        return ((await answers.get(method)?.(request)) ?? {}) as Record<string, unknown>;
      });
    } else if (method.methodKind === "server_streaming") {
      router.rpc(method as Streaming, async function* (request, { signal }) {
        calls.push({ method, request });
        const flow = flows.get(method);
        if (flow) {
          yield* flow(request, signal) as AsyncIterable<Record<string, unknown>>;
          return;
        }
        // It stays open and says nothing.
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      });
    }
  }
}

/** In the place of `@/shared/api/transport`. */
export const transport = createRouterTransport(route);
export const whenSignedOut = (): void => undefined;

export const server = {
  /** What is answered from now on. */
  on: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    answer: (request: MessageShape<I>) => MessageInitShape<O> | Promise<MessageInitShape<O>>,
  ): void => void answers.set(method, answer as Answer),
  /** What a stream says from now on; it ends with the answer, or the client's leave. */
  flow: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    answer: (request: MessageShape<I>, signal: AbortSignal) => AsyncIterable<MessageInitShape<O>>,
  ): void => void flows.set(method, answer as Flow),
  answers: (method: DescMethod): boolean => answers.has(method),
  /** What was asked so far. */
  asked: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O> | DescMethodServerStreaming<I, O>,
  ): MessageShape<I>[] => calls.filter((each) => each.method === method).map((each) => each.request as MessageShape<I>),
  reset: (): void => {
    answers.clear();
    flows.clear();
    calls = [];
  },
};

/** An answer that a test holds back until it is to come. */
export function held<T>(): { answer: Promise<T>; give: (value: T) => void; fail: (cause: Error) => void } {
  let give: (value: T) => void = () => undefined;
  let fail: (cause: Error) => void = () => undefined;
  const answer = new Promise<T>((resolve, reject) => {
    give = resolve;
    fail = reject;
  });
  return { answer, give, fail };
}
