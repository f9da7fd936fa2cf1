// All events of an issue: when they happened, and a table to find one in, narrowed by
// time, release, environment, user or tag.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { type ReactNode, type SubmitEvent, useRef, useState } from "react";
import { Link } from "react-router";
import type { EventSummary } from "@/gen/errata/v1/event_read_pb";
import type { GetIssueResponse } from "@/gen/errata/v1/issue_pb";
import { visible } from "@/shared/format/controls";
import { exactCount, plural } from "@/shared/format/count";
import { failureOf } from "@/shared/format/failure";
import { levelName } from "@/shared/format/issue";
import { cutMiddle, shortRelease } from "@/shared/format/release";
import { absolute, toDate } from "@/shared/format/time";
import { LevelMark, RelativeTime, RemovableChip } from "@/shared/ui/bits";
import { BarChart } from "@/shared/ui/BarChart";
import { EventText } from "@/shared/ui/EventText";
import { PickerButton } from "@/shared/ui/Picker";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { changed, useParamsNow } from "@/shared/url/params";
import { withTerm } from "@/shared/url/query";
import { rangeSeconds, rangeWords, scopeSearch, useScope } from "@/shared/url/scope";
import { useIssueSeries } from "../api/getIssueSeries";
import { useEvents } from "../api/listEvents";
import { useIssueEventFacets } from "../api/listIssueEventFacets";
import { useTags } from "../api/listTags";
import { Facets } from "../events/Facets";
import { hasTerm, withoutTerm } from "../events/terms";
import { QueryFault } from "../list/QueryFault";
import { SearchField } from "../list/SearchField";
import { StandsFor } from "./StandsFor";
import { type EventSearch, NO_SEARCH, parseEventSearch, parseTag, writeEventSearch } from "./eventSearch";
import facetStyles from "../events/facets.module.css";
import styles from "./events.module.css";

const FAULT_ID = "issue-events-fault";

export function EventsTab({ issueId, response }: { issueId: string; response: GetIssueResponse }) {
  const [params, write] = useParamsNow();
  const [scope] = useScope();
  const search = parseEventSearch(params);
  const set: Set = (change, replace = false) =>
    write((now) => writeEventSearch(now, changed(parseEventSearch(now), change)), { replace });
  const [showsFacets, setShowsFacets] = useState(false);
  const firstMs = response.issue?.firstSeen ? toDate(response.issue.firstSeen).getTime() : 0;
  const facets = useIssueEventFacets(issueId, firstMs, search, showsFacets);
  const query = useEvents(issueId, search);
  const rows = query.data?.pages.flatMap((page) => page.events) ?? [];
  const failure = query.error ? failureOf(query.error) : null;
  const fault = failure?.kind === "refused" && failure.field === "query" ? failure : null;
  const total = query.data?.pages[0]?.total ?? 0n;
  const standFor = query.data?.pages[0]?.totalErrors ?? 0n;
  // Of the scope only: a link to one event need not carry the table's filters.
  const eventLink = (id: string) => `/issues/${issueId}/events/${id}${scopeSearch({ ...scope, environment: "" })}`;
  const isNarrowed = JSON.stringify(search) !== JSON.stringify(NO_SEARCH);
  return (
    <section className={styles.tab} aria-label="Events">
      <h2 className={styles.hidden}>Events</h2>
      <Chart issueId={issueId} set={set} />
      <Filters
        issueId={issueId}
        response={response}
        search={search}
        set={set}
        faultId={fault ? FAULT_ID : undefined}
        facets={
          <Button variant="outlined" aria-expanded={showsFacets} onClick={() => setShowsFacets(!showsFacets)}>
            {showsFacets ? "Hide facets" : "Facets"}
          </Button>
        }
      />
      {fault && (
        <QueryFault
          id={FAULT_ID}
          text={search.query}
          reason={fault.reason}
          place={fault.place}
          onMend={(query) => set({ query })}
        />
      )}
      {query.isError && !fault && rows.length === 0 && (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      )}
      {query.isPending && <Skeleton height={320} width="100%" />}
      {query.data && rows.length === 0 && !fault && (
        <EmptyState
          icon="filter"
          title={isNarrowed ? "No event matches" : "No event is kept any more"}
          actions={
            isNarrowed && (
              <Button variant="outlined" onClick={() => set(NO_SEARCH)}>
                Show all events
              </Button>
            )
          }
        >
          {isNarrowed
            ? "No kept event of this issue has all of that."
            : "The retention of the log dropped them. The issue and its counts stay."}
        </EmptyState>
      )}
      {rows.length > 0 && (
        <div className={facetStyles.layout} data-open={showsFacets}>
          {showsFacets && (
            <Facets
              facets={facets.data?.facets}
              total={Number(total > 0n ? total : rows.length)}
              one="event"
              isOld={facets.isPlaceholderData}
              has={(term) => hasTerm(search.query, term)}
              onTerm={(term) =>
                set({
                  query: hasTerm(search.query, term) ? withoutTerm(search.query, term) : withTerm(search.query, term),
                })
              }
            />
          )}
          <div className={facetStyles.main}>
            <p className={styles.total} role="status">
              {plural(total > 0n ? total : rows.length, "event")}
              {standFor > total && `, which stand for ${plural(standFor, "error")}`}
              {total > BigInt(rows.length) && `, ${exactCount(rows.length)} shown`}
            </p>
            <div
              className={styles.scroll}
              data-old={query.isPlaceholderData}
              tabIndex={0}
              role="region"
              aria-label="Table of events"
            >
              <table className={styles.table}>
                <thead>
                  <tr>
                    {["Event", "When", "Message", "Release", "Environment", "User"].map((each) => (
                      <th key={each} scope="col">
                        {each}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {rows.map((event) => (
                    <Row key={event.id} event={event} link={eventLink(event.id)} set={set} />
                  ))}
                </tbody>
              </table>
            </div>
            {query.hasNextPage && (
              <Button
                variant="outlined"
                sx={{ alignSelf: "center" }}
                disabled={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                {query.isFetchingNextPage ? "Loading…" : "Show more"}
              </Button>
            )}
            {query.isFetchNextPageError && <ErrorState error={query.error} retry={() => void query.fetchNextPage()} />}
          </div>
        </div>
      )}
    </section>
  );
}

type Set = (change: Partial<EventSearch>, replace?: boolean) => void;

function Chart({ issueId, set }: { issueId: string; set: Set }) {
  const [scope] = useScope();
  const series = useIssueSeries(issueId, rangeSeconds(scope.range));
  if (!series.data?.from) return <Skeleton height={120} width="100%" />;
  const counts = (series.data.series[0]?.counts ?? []).map(Number);
  const from = toDate(series.data.from);
  return (
    <BarChart
      label={`Events of the ${rangeWords(scope.range)}`}
      from={from}
      bucketS={series.data.bucketS}
      series={[{ name: "events", colour: "var(--accent)", counts }]}
      height={120}
      hint="Show the events of"
      onSpan={(fromS, toS) => set({ fromMs: fromS * 1000, toMs: toS * 1000 })}
    />
  );
}

function Row({ event, link, set }: { event: EventSummary; link: string; set: Set }) {
  const words =
    event.type && event.message ? `${event.type}: ${event.message}` : event.type || event.message || "(no message)";
  return (
    <tr>
      <td>
        <Link to={link}>
          <code>{event.id.slice(0, 8)}</code>
        </Link>
      </td>
      <td className={styles.when}>
        <RelativeTime time={event.timestamp} suffix=" ago" />
        <StandsFor event={event} />
        {event.isLate && (
          <span
            className={styles.late}
            data-tip={`Arrived ${event.receivedAt ? absolute(toDate(event.receivedAt)) : "later"}`}
          >
            {" "}
            late
          </span>
        )}
      </td>
      <td className={styles.words}>
        <LevelMark level={levelName(event.level)} />{" "}
        <span title={visible(words)}>
          <EventText text={words} />
        </span>
      </td>
      <td>
        {event.release && (
          <Value
            text={event.release}
            shown={shortRelease(event.release)}
            onClick={() => set({ release: event.release })}
          />
        )}
      </td>
      <td>
        {event.environment && (
          <Value
            text={event.environment}
            shown={cutMiddle(event.environment, 24)}
            onClick={() => set({ environment: event.environment })}
          />
        )}
      </td>
      <td>
        {event.user ? (
          <Value text={event.user.replace(/^[a-z]+:/, "")} onClick={() => set({ user: event.user })} />
        ) : (
          "–"
        )}
      </td>
    </tr>
  );
}

/** A value that narrows the table to itself. */
function Value({ text, shown = text, onClick }: { text: string; shown?: string; onClick: () => void }) {
  return (
    <button type="button" className={styles.value} data-tip={`Only ${visible(text)}`} onClick={onClick}>
      <EventText text={shown} />
    </button>
  );
}

interface FiltersProps {
  issueId: string;
  response: GetIssueResponse;
  search: EventSearch;
  set: Set;
  faultId: string | undefined;
  /** What shows and hides them. */
  facets: ReactNode;
}

function Filters({ issueId, response, search, set, faultId, facets }: FiltersProps) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <div className={styles.filters}>
      <SearchField
        text={search.query}
        projectIds={response.issue ? [response.issue.projectId] : []}
        faultId={faultId}
        field={field}
        label="Search events"
        hasKey={false}
        onChange={(query, replace) => set({ query }, replace)}
      />
      {facets}
      <Choice
        label="Release"
        value={search.release}
        values={response.releases.map((each) => each.version)}
        onChange={(release) => set({ release })}
      />
      <Choice
        label="Environment"
        value={search.environment}
        values={response.environments.map((each) => each.value)}
        onChange={(environment) => set({ environment })}
      />
      <TagField issueId={issueId} search={search} set={set} />
      <Typed label="User" placeholder="id, e-mail, name" onEnter={(user) => set({ user })} />
      <JumpTo set={set} />
      {search.user && (
        <RemovableChip text={`User: ${search.user.replace(/^[a-z]+:/, "")}`} onRemove={() => set({ user: "" })} />
      )}
      {search.tag && (
        <RemovableChip text={`${search.tag.key}: ${search.tag.value || "any"}`} onRemove={() => set({ tag: null })} />
      )}
      {(search.fromMs !== null || search.toMs !== null) && (
        <RemovableChip text={timeWords(search)} onRemove={() => set({ fromMs: null, toMs: null })} />
      )}
    </div>
  );
}

const timeWords = ({ fromMs, toMs }: EventSearch): string =>
  [
    fromMs === null ? "" : `from ${absolute(new Date(fromMs))}`,
    toMs === null ? "" : `before ${absolute(new Date(toMs))}`,
  ]
    .filter(Boolean)
    .join(" ");

function Choice({
  label,
  value,
  values,
  onChange,
}: {
  label: string;
  value: string;
  values: readonly string[];
  onChange: (value: string) => void;
}) {
  if (values.length === 0 && value === "") return null;
  const any = `Any ${label.toLowerCase()}`;
  const choices = [
    { id: "", text: any, chosen: value === "" },
    ...values
      .filter(Boolean)
      .map((each) => ({ id: each, text: visible(each), shown: <EventText text={each} />, chosen: each === value })),
  ];
  return (
    <PickerButton
      label={label}
      text={<span className={styles.choice}>{value || any}</span>}
      choices={choices}
      onPick={({ id }) => onChange(id)}
    />
  );
}

/** A tag as "key=value", with those of the issue to choose from. */
function TagField({ issueId, search, set }: { issueId: string; search: EventSearch; set: Set }) {
  const tags = useTags(issueId);
  const known = (tags.data ?? []).flatMap((tag) => tag.values.map((each) => `${tag.key}=${each.value}`));
  if (known.length === 0 && search.tag === null) return null;
  return (
    <Typed
      label="Tag"
      placeholder="key=value"
      choices={known}
      onEnter={(text) => set({ tag: parseTag(text) })}
      check={(text) => parseTag(text) !== null}
    />
  );
}

interface TypedProps {
  label: string;
  placeholder: string;
  choices?: readonly string[];
  onEnter: (text: string) => void;
  check?: (text: string) => boolean;
}

function Typed({ label, placeholder, choices = [], onEnter, check = () => true }: TypedProps) {
  const [text, setText] = useState("");
  const id = `events-${label.toLowerCase()}`;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = text.trim();
    if (given === "" || !check(given)) return;
    onEnter(given);
    setText("");
  };
  return (
    <form className={styles.field} onSubmit={submit}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        value={text}
        placeholder={placeholder}
        list={choices.length > 0 ? `${id}-choices` : undefined}
        onChange={(event) => setText(event.target.value)}
        autoComplete="off"
      />
      {choices.length > 0 && (
        <datalist id={`${id}-choices`}>
          {choices.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </form>
  );
}

/** The events up to a moment, the newest of them first. */
function JumpTo({ set }: { set: Set }) {
  return (
    <div className={styles.field}>
      <label htmlFor="events-before">Before</label>
      <input
        id="events-before"
        type="datetime-local"
        onChange={(event) => {
          const ms = new Date(event.target.value).getTime();
          if (!Number.isNaN(ms)) set({ fromMs: null, toMs: ms });
        }}
      />
    </div>
  );
}
