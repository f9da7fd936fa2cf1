// A list without rows: why, and what to do next.
import Button from "@mui/material/Button";
import { Link } from "react-router";
import { EmptyState } from "@/shared/ui/states";
import { withinScope } from "@/shared/url/scope";
import { isNarrowed, NO_FILTERS, type IssueSearch, type SetSearch } from "./search";

interface NoIssuesProps {
  search: IssueSearch;
  setSearch: SetSearch;
  hasEvents: boolean;
}

export function NoIssues({ search, setSearch, hasEvents }: NoIssuesProps) {
  if (!hasEvents) {
    return (
      <EmptyState
        icon="projects"
        title="No errors have arrived yet"
        actions={
          <Button variant="contained" component={Link} to={`/projects/${search.projectIds[0] ?? 1}`}>
            Set up a project
          </Button>
        }
      >
        Connect an application; its first error appears here by itself.
      </EmptyState>
    );
  }
  if (isNarrowed(search)) {
    return (
      <EmptyState
        icon="filter"
        title="Nothing matches these filters"
        actions={
          <>
            <Button variant="outlined" onClick={() => setSearch(NO_FILTERS)}>
              Clear filters
            </Button>
            {search.statuses.length > 0 && (
              <Button variant="text" onClick={() => setSearch({ statuses: [] })}>
                Show every status
              </Button>
            )}
          </>
        }
      >
        {search.text === ""
          ? `No issue has all of them ${withinScope(search)}.`
          : `No issue passes the search ${withinScope(search)}. Tags are asked for by their key, as in browser:Safari.`}{" "}
        Remove one, or widen the time.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon="check"
      title="All quiet"
      actions={
        <>
          <Button variant="outlined" onClick={() => setSearch({ range: "30d", span: null })}>
            Look at 30 days
          </Button>
          <Button variant="text" onClick={() => setSearch({ statuses: [] })}>
            Show every status
          </Button>
        </>
      }
    >
      No {search.statuses.length === 0 ? "" : `${search.statuses.join(" or ")} `}issue {withinScope(search)}.
    </EmptyState>
  );
}
