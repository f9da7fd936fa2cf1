// When a page itself fails, is not there, or has not started yet.
import Button from "@mui/material/Button";
import { Link, useRouteError } from "react-router";
import { usePageTitle } from "@/shared/ui/usePageTitle";
import { EmptyState } from "@/shared/ui/states";
import { Mark } from "@/shared/ui/Wordmark";

export function Broken() {
  const error = useRouteError();
  const message = error instanceof Error ? error.message : "no reason was given";
  usePageTitle("This page broke");
  return (
    <EmptyState
      page
      icon="warning"
      title="This page broke"
      actions={
        <Button variant="outlined" onClick={() => window.location.reload()}>
          Retry
        </Button>
      }
    >
      That is a fault of the UI, not of your data. If a new version was installed meanwhile, loading the page again is
      enough. ({message})
    </EmptyState>
  );
}

export function Lost() {
  usePageTitle("No such page");
  return (
    <EmptyState
      page
      icon="search"
      title="There is no such page"
      actions={
        <Button variant="outlined" component={Link} to="/issues">
          Go to the issues
        </Button>
      }
    >
      The link may be incomplete.
    </EmptyState>
  );
}

export function Starting() {
  return (
    <div
      style={{ display: "grid", placeItems: "center", minHeight: "100dvh", opacity: 0.35 }}
      role="status"
      aria-label="Loading"
    >
      <Mark size={32} />
    </div>
  );
}
