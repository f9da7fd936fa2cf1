// Issues as they stood at a past time, to be looked at: the list, or one of them. Nothing can
// be done here, for it would be done now.
import { useQuery } from "@tanstack/react-query";
import { Code, ConnectError } from "@connectrpc/connect";
import { Link, useParams } from "react-router";
import { useProjects } from "@/shared/api/listProjects";
import { absolute } from "@/shared/format/time";
import { PageHead } from "@/shared/ui/bits";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { useParamsNow } from "@/shared/url/params";
import { parseSearch, writeSearch } from "../list/search";
import { pastIssueQuery, pastIssuesQuery } from "./api";
import { Chooser } from "./Chooser";
import { PastIssue } from "./PastIssue";
import { PastIssues } from "./PastIssues";
import { defaultAt, shownAt } from "./at";
import styles from "./past.module.css";

/** The server builds what was then: it says so until it is there. */
const isBuilding = (error: unknown): boolean => error !== null && ConnectError.from(error).code === Code.Unavailable;

export function PastPage() {
  const { issueId = "" } = useParams();
  const [params, write] = useParamsNow();
  const at = params.get("at") ?? defaultAt();
  const search = parseSearch(params);
  const list = useQuery({ ...pastIssuesQuery(search, at), enabled: issueId === "" });
  const one = useQuery({ ...pastIssueQuery(issueId, search, at), enabled: issueId !== "" });
  const shown = issueId === "" ? list : one;
  const projects = useProjects().data ?? [];
  const nameOf = (id: number) => projects.find((project) => project.id === id)?.name ?? `project ${id}`;
  const now = writeSearch(new URLSearchParams(), search).toString();
  const back = `/issues${issueId && `/${issueId}`}${now && `?${now}`}`;
  const here = (id: string) => {
    const next = writeSearch(new URLSearchParams(), search);
    next.set("at", at);
    return `/past${id && `/${id}`}?${next.toString()}`;
  };
  const choose = (next: string) =>
    write((params) => {
      params.set("at", next);
      return params;
    });
  const waits = shown.isPending && isBuilding(shown.failureReason);
  return (
    <div className={styles.page}>
      <div className={styles.banner} role="status">
        <b>As of {shownAt(at)}</b>
        <span>Nothing can be changed here.</span>
        <Link to={back}>Back to now</Link>
      </div>
      <PageHead title={issueId === "" ? "Issues of then" : (one.data?.issue?.title ?? "Issue of then")}>
        {issueId !== "" && <Link to={here("")}>All issues of then</Link>}
        <span className={styles.grow} />
        <Chooser key={at} at={at} onChoose={choose} />
      </PageHead>
      {waits && (
        <EmptyState icon="clock" title="What was then is being built">
          It is made of the log up to {absolute(new Date(at))}, and shown as soon as it is there.
        </EmptyState>
      )}
      {shown.isError && <ErrorState error={shown.error} retry={() => void shown.refetch()} />}
      {list.data && issueId === "" && (
        <PastIssues
          answer={list.data}
          search={search}
          nameOf={nameOf}
          linkOf={here}
          onText={(text) => write((params) => writeSearch(params, { ...parseSearch(params), text }))}
          onAll={() => write((params) => writeSearch(params, { ...parseSearch(params), statuses: [] }))}
        />
      )}
      {one.data?.issue && <PastIssue answer={one.data} issue={one.data.issue} at={at} nameOf={nameOf} />}
    </div>
  );
}
