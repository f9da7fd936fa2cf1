// Issues, or the events they are made of: the same scope and the same query.
import { Link } from "react-router";
import { eventsLink } from "@/shared/url/query";
import { scopeSearch, type Scope } from "@/shared/url/scope";
import ui from "@/shared/ui/ui.module.css";

interface ListSwitchProps {
  here: "issues" | "events";
  scope: Scope;
  query: string;
}

export function ListSwitch({ here, scope, query }: ListSwitchProps) {
  const issues = `/issues${scopeSearch(scope, query === "" ? {} : { q: query })}`;
  return (
    <nav className={ui.segments} aria-label="What is listed">
      <Link to={issues} aria-current={here === "issues" ? "page" : undefined}>
        Issues
      </Link>
      <Link to={eventsLink(scope, query)} aria-current={here === "events" ? "page" : undefined}>
        Events
      </Link>
    </nav>
  );
}
