// Events across issues: what a query finds, over time, what it has in common, and each of
// them. Its whole state is in the URL.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { useMemo, useRef, useState } from "react";
import { Link } from "react-router";
import type { EventSummary } from "@/gen/errata/v1/event_read_pb";
import type { ListEventFacetsResponse } from "@/gen/errata/v1/explore_pb";
import { useProjects } from "@/shared/api/listProjects";
import { visible } from "@/shared/format/controls";
import { exactCount, plural } from "@/shared/format/count";
import { failureOf } from "@/shared/format/failure";
import { levelName } from "@/shared/format/issue";
import { cutMiddle, shortRelease } from "@/shared/format/release";
import { toDate } from "@/shared/format/time";
import { BarChart } from "@/shared/ui/BarChart";
import { LevelMark, PageHead, RelativeTime, Segments } from "@/shared/ui/bits";
import { EventText } from "@/shared/ui/EventText";
import { Exports } from "@/shared/ui/Exports";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { changed, useParamsNow, type ChangeOf } from "@/shared/url/params";
import { withTerm } from "@/shared/url/query";
import { scopeSearch } from "@/shared/url/scope";
import { useEventFacets, useFoundEvents } from "../api/findEvents";
import { StandsFor } from "../detail/StandsFor";
import { ListSwitch } from "../list/ListSwitch";
import { QueryFault } from "../list/QueryFault";
import { SearchField } from "../list/SearchField";
import { ExportMenu } from "./ExportMenu";
import { parseEventList, writeEventList, type EventListSearch } from "./eventList";
import { Facets } from "./Facets";
import { hasTerm, withoutTerm } from "./terms";
import table from "../detail/events.module.css";
import styles from "./facets.module.css";

const FAULT_ID = "events-fault";

function useEventList(): [EventListSearch, (change: ChangeOf<EventListSearch>, replace?: boolean) => void] {
  const [params, write] = useParamsNow();
  const search = useMemo(() => parseEventList(params), [params]);
  return [
    search,
    (change, replace = false) => write((now) => writeEventList(now, changed(parseEventList(now), change)), { replace }),
  ];
}

export function EventsPage() {
  const [search, setSearch] = useEventList();
  const found = useFoundEvents(search);
  const facets = useEventFacets(search);
  const field = useRef<HTMLInputElement>(null);
  const [showsFacets, setShowsFacets] = useState(() => window.matchMedia("(min-width: 901px)").matches);
  const failure = found.error ? failureOf(found.error) : null;
  const fault = failure?.kind === "refused" && failure.field === "query" ? failure : null;
  const first = found.data?.pages[0]?.answer;
  const rows = found.data?.pages.flatMap(({ answer }) => answer.events) ?? [];
  const total = first?.total ?? 0n;
  const onTerm = (term: string) =>
    setSearch(({ query }) => ({ query: hasTerm(query, term) ? withoutTerm(query, term) : withTerm(query, term) }));
  return (
    <div className={styles.main}>
      <PageHead title="Events">
        <span className={table.total} role="status">
          {first && !found.isPlaceholderData && exactCount(total)}
        </span>
        <ListSwitch here="events" scope={search} query={search.query} />
      </PageHead>
      <div className={table.filters}>
        <SearchField
          text={search.query}
          projectIds={search.projectIds}
          faultId={fault ? FAULT_ID : undefined}
          field={field}
          onChange={(query, replace) => setSearch({ query }, replace)}
        />
        <Segments
          label="Order"
          value={search.ascending ? "oldest" : "newest"}
          options={[
            ["newest", "Newest first"],
            ["oldest", "Oldest first"],
          ]}
          onChange={(order) => setSearch({ ascending: order === "oldest" })}
        />
        <Button variant="outlined" aria-expanded={showsFacets} onClick={() => setShowsFacets(!showsFacets)}>
          {showsFacets ? "Hide facets" : "Facets"}
        </Button>
        <ExportMenu search={search} />
        {fault && (
          <QueryFault
            id={FAULT_ID}
            text={search.query}
            reason={fault.reason}
            place={fault.place}
            onMend={(query) => setSearch({ query })}
          />
        )}
      </div>
      <div className={styles.layout} data-open={showsFacets}>
        {showsFacets && (
          <Facets
            facets={facets.data?.facets}
            total={Number(facets.data?.range?.total?.events ?? 0n)}
            one="event"
            isOld={facets.isPlaceholderData}
            has={(term) => hasTerm(search.query, term)}
            onTerm={onTerm}
          />
        )}
        <div className={styles.main}>
          <Histogram response={facets.data} setSearch={setSearch} />
          {found.isError && !fault && rows.length === 0 && (
            <ErrorState error={found.error} retry={() => void found.refetch()} />
          )}
          {found.isPending && <Skeleton height={320} width="100%" />}
          {first && rows.length === 0 && !fault && (
            <EmptyState icon="search" title="No event matches">
              None of the events that are kept of this time passes the query.
            </EmptyState>
          )}
          {rows.length > 0 && (
            <>
              <p className={table.total}>
                {plural(total, "event")}
                {(first?.totalErrors ?? 0n) > total && `, which stand for ${plural(first?.totalErrors ?? 0n, "error")}`}
                {total > BigInt(rows.length) && `, ${exactCount(rows.length)} shown`}
              </p>
              <EventTable rows={rows} search={search} isOld={found.isPlaceholderData} />
              {found.hasNextPage && (
                <Button
                  variant="outlined"
                  sx={{ alignSelf: "center" }}
                  disabled={found.isFetchingNextPage}
                  onClick={() => void found.fetchNextPage()}
                >
                  {found.isFetchingNextPage ? "Loading…" : "Show more"}
                </Button>
              )}
              {found.isFetchNextPageError && (
                <ErrorState error={found.error} retry={() => void found.fetchNextPage()} />
              )}
            </>
          )}
        </div>
      </div>
    </div>
  );
}

interface HistogramProps {
  response: ListEventFacetsResponse | undefined;
  setSearch: (change: Partial<EventListSearch>) => void;
}

function Histogram({ response, setSearch }: HistogramProps) {
  const chart = useRef<HTMLDivElement>(null);
  const range = response?.range;
  if (!range?.to) return <Skeleton height={116} width="100%" />;
  const edges = [...range.starts, range.to].map((time) => toDate(time).getTime());
  const counts = range.total?.counts.map(Number) ?? [];
  return (
    <div ref={chart}>
      <BarChart
        label="Events found"
        from={new Date(edges[0] ?? 0)}
        bucketS={3600}
        edgesMs={edges}
        series={[{ name: "events", colour: "var(--accent)", counts }]}
        height={112}
        hint="Press for its events alone, draw for a longer time"
        onSpan={(fromS, toS) => setSearch({ span: { fromS: Math.floor(fromS), toS: Math.ceil(toS) } })}
      />
      <Exports
        title="Events found"
        chart={chart}
        table={() => ({
          head: ["from", "events"],
          rows: counts.map((count, index) => [new Date(edges[index] ?? 0).toISOString(), count]),
        })}
      />
    </div>
  );
}

function EventTable({ rows, search, isOld }: { rows: EventSummary[]; search: EventListSearch; isOld: boolean }) {
  const projects = useProjects().data ?? [];
  const nameOf = (id: number) => projects.find((project) => project.id === id)?.name ?? `project ${id}`;
  const scope = scopeSearch({ ...search, environment: "" });
  return (
    <div className={table.scroll} data-old={isOld} tabIndex={0} role="region" aria-label="Table of events">
      <table className={table.table}>
        <thead>
          <tr>
            {["When", "Event", "Project", "Release", "Environment", "User"].map((each) => (
              <th key={each} scope="col">
                {each}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((event) => (
            <tr key={event.id}>
              <td className={table.when}>
                <RelativeTime time={event.timestamp} suffix=" ago" />
                <StandsFor event={event} />
              </td>
              <td className={table.words}>
                <LevelMark level={levelName(event.level)} />{" "}
                <Words event={event} to={`/issues/${event.issueId}/events/${event.id}${scope}`} />
              </td>
              <td>{nameOf(event.projectId)}</td>
              <td>{event.release && <EventText text={shortRelease(event.release)} />}</td>
              <td>{event.environment && <EventText text={cutMiddle(event.environment, 24)} />}</td>
              <td>{event.user ? <EventText text={event.user.replace(/^[a-z]+:/, "")} /> : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Words({ event, to }: { event: EventSummary; to: string }) {
  const words =
    event.type && event.message ? `${event.type}: ${event.message}` : event.type || event.message || "(no message)";
  // Of an event that the issues do not know yet there is no page.
  if (event.issueId === "") return <EventText text={words} />;
  return (
    <Link to={to} title={visible(words)}>
      <EventText text={words} />
    </Link>
  );
}
