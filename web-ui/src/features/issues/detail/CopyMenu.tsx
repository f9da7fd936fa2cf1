// What can be taken along from this page.
import MenuItem from "@mui/material/MenuItem";
import type { GetEventResponse } from "@/gen/errata/v1/event_read_pb";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { useCopy } from "@/shared/ui/useCopy";
import { MenuButton } from "@/shared/ui/MenuButton";
import { curl, eventLink, issueLink, markdown } from "./copies";

export function CopyMenu({ issue, response, project }: { issue: Issue; response: GetEventResponse; project: string }) {
  const copy = useCopy();
  const { summary, detail } = response;
  if (!summary || !detail) return null;
  const { origin } = window.location;
  const command = curl(detail.request);
  const choices: [what: string, text: () => string][] = [
    ["Link to the issue", () => issueLink(origin, issue.id)],
    ["Link to this event", () => eventLink(origin, issue.id, summary.id)],
    ["Markdown for a ticket", () => markdown({ issue, summary, detail, project, origin })],
    ["Issue id", () => issue.id],
    ["Event id", () => summary.id],
    ...(command === "" ? [] : [["Request as curl", () => command] as [string, () => string]]),
    ["Raw JSON", () => detail.rawJson],
  ];
  return (
    <MenuButton label="Copy" text="Copy" variant="text">
      {(close) =>
        choices.map(([what, text]) => (
          <MenuItem key={what} onClick={() => (close(), copy(text(), what))}>
            {what}
          </MenuItem>
        ))
      }
    </MenuButton>
  );
}
