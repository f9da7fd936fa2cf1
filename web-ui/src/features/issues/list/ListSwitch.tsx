// Issues, or the events they are made of: the same scope and the same query.
import { Link } from "react-router";
import { scopeSearch, type Scope } from "@/shared/url/scope";
import ui from "@/shared/ui/ui.module.css";

interface ListSwitchProps {
  here: "issues" | "events";
  scope: Scope;
  query: string;
}

export function ListSwitch({ here, scope, query }: ListSwitchProps) {
  const search = scopeSearch(scope, query === "" ? {} : { q: query });
  return (
    <nav className={ui.segments} aria-label="What is listed">
      <Link to={`/issues${search}`} aria-current={here === "issues" ? "page" : undefined}>
        Issues
      </Link>
      <Link to={`/events${search}`} aria-current={here === "events" ? "page" : undefined}>
        Events
      </Link>
      <Link to={`/past${search}`}>Past</Link>
    </nav>
  );
}
