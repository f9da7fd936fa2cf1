// Releases, the newest first: how many run them, how often they crash, what they broke.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import { Link } from "react-router";
import type { Release } from "@/gen/errata/v1/health_pb";
import { useProjects } from "@/shared/api/listProjects";
import { exactCount, plural } from "@/shared/format/count";
import { shortRelease } from "@/shared/format/release";
import { Count, PageHead, RelativeTime } from "@/shared/ui/bits";
import { Exports } from "@/shared/ui/Exports";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { useParamsNow } from "@/shared/url/params";
import { eventsLink } from "@/shared/url/query";
import { scopeSearch, scopeWords, useScope, type Scope } from "@/shared/url/scope";
import { PAGE_SIZE, useReleases } from "./api/listReleases";
import { adoption, crashFreeSessions, crashFreeUsers, quoted } from "./figures";
import styles from "./releases.module.css";

export function ReleasesPage() {
  const [scope] = useScope();
  const [params, write] = useParamsNow();
  const text = params.get("q") ?? "";
  const [page, setPage] = useState(0);
  const query = useReleases(scope, text, page);
  const projects = useProjects().data ?? [];
  const nameOf = (id: number) => projects.find((project) => project.id === id)?.name ?? `project ${id}`;
  const releases = query.data?.releases ?? [];
  const total = query.data?.total ?? 0;
  const hasSessions = releases.some((release) => release.sessions !== undefined);
  return (
    <div className={styles.page}>
      <PageHead title="Releases">
        <span className={styles.soft}>{query.data && exactCount(total)}</span>
        <span className={styles.soft}>{scopeWords(scope)}</span>
        <span className={styles.grow} />
        <input
          type="search"
          className={styles.search}
          placeholder="Part of the version"
          aria-label="Part of the version"
          value={text}
          onChange={(event) => {
            const value = event.target.value;
            setPage(0);
            write(
              (now) => {
                if (value === "") now.delete("q");
                else now.set("q", value);
                return now;
              },
              { replace: true },
            );
          }}
        />
        {releases.length > 0 && (
          <Exports
            title="Releases"
            table={() => ({
              head: [
                "project",
                "version",
                "events",
                "users",
                "new issues",
                "sessions",
                "crashed sessions",
                "session users",
                "crashed users",
              ],
              rows: releases.map((release) => [
                nameOf(release.projectId),
                release.version,
                Number(release.events),
                Number(release.users),
                Number(release.newIssues),
                Number(release.sessions?.started ?? 0n),
                Number(release.sessions?.crashed ?? 0n),
                Number(release.sessions?.users ?? 0n),
                Number(release.sessions?.crashedUsers ?? 0n),
              ]),
            })}
          />
        )}
      </PageHead>
      {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={320} width="100%" />}
      {query.data && releases.length === 0 && (
        <EmptyState icon="route" title={text === "" ? "No release yet" : "No release is called so"}>
          {text === ""
            ? "A release is listed as soon as an event or a session names one: set `release` where the SDK is set up."
            : "Look for another part of its name."}
        </EmptyState>
      )}
      {releases.length > 0 && (
        <>
          {!hasSessions && (
            <p className={styles.soft}>
              Crash-free shares and adoption need sessions, which SDKs send when session tracking is on.
            </p>
          )}
          <div className={styles.scroll} data-old={query.isPlaceholderData}>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">Release</th>
                  <th scope="col">First seen</th>
                  <th scope="col">Adoption</th>
                  <th scope="col">Crash-free sessions</th>
                  <th scope="col">Crash-free users</th>
                  <th scope="col">Events</th>
                  <th scope="col">Users</th>
                  <th scope="col">New issues</th>
                  <th scope="col">Came back</th>
                </tr>
              </thead>
              <tbody>
                {releases.map((release) => (
                  <Row
                    key={`${release.projectId} ${release.version}`}
                    release={release}
                    scope={scope}
                    project={nameOf(release.projectId)}
                  />
                ))}
              </tbody>
            </table>
          </div>
          {total > PAGE_SIZE && (
            <div className={styles.pager}>
              <Button variant="outlined" disabled={page === 0} onClick={() => setPage(page - 1)}>
                Newer
              </Button>
              <span className={styles.soft}>
                {page * PAGE_SIZE + 1} – {Math.min(total, (page + 1) * PAGE_SIZE)} of {exactCount(total)}
              </span>
              <Button variant="outlined" disabled={(page + 1) * PAGE_SIZE >= total} onClick={() => setPage(page + 1)}>
                Older
              </Button>
            </div>
          )}
        </>
      )}
    </div>
  );
}

/** Issues of all that is kept. */
export const issuesOf = (scope: Scope, release: Release, field: string): string =>
  `/issues${scopeSearch(
    { ...scope, environment: "", range: "90d", span: null, projectIds: [release.projectId] },
    { status: "all", q: `${field}:${quoted(release.version)}` },
  )}`;

function Row({ release, scope, project }: { release: Release; scope: Scope; project: string }) {
  const own = { ...scope, projectIds: [release.projectId] };
  const to = `/releases/${release.projectId}/${encodeURIComponent(release.version)}${scopeSearch({ ...scope, projectIds: [] })}`;
  const { sessions } = release;
  return (
    <tr>
      <th scope="row">
        <Link to={to} title={release.version}>
          {shortRelease(release.version)}
        </Link>
        <small>{project}</small>
      </th>
      <td>
        <RelativeTime time={release.firstSeen} suffix=" ago" />
      </td>
      <td
        data-tip={
          sessions && `${plural(sessions.started, "session")} of ${exactCount(release.projectSessions)} of the project`
        }
      >
        {adoption(release)}
      </td>
      <td
        data-tip={
          sessions && `${plural(sessions.crashed, "crash", "crashes")} in ${plural(sessions.started, "session")}`
        }
      >
        {crashFreeSessions(sessions)}
      </td>
      <td
        data-tip={sessions && `${exactCount(sessions.crashedUsers)} of ${plural(sessions.users, "user")} had a crash`}
      >
        {crashFreeUsers(sessions)}
      </td>
      <td>
        <Link to={eventsLink(own, `release:${quoted(release.version)}`)}>
          <Count value={release.events} one="event" />
        </Link>
      </td>
      <td>{release.users === 0n ? "–" : <Count value={release.users} one="user" />}</td>
      <td>
        {release.newIssues === 0n ? (
          "–"
        ) : (
          <Link to={issuesOf(scope, release, "first_release")}>
            <Count value={release.newIssues} one="issue" />
          </Link>
        )}
      </td>
      <td>
        {release.regressedIssues === 0n ? (
          "–"
        ) : (
          <Link to={issuesOf(scope, release, "regressed_in")}>
            <Count value={release.regressedIssues} one="issue" />
          </Link>
        )}
      </td>
    </tr>
  );
}
