// What can be done with an issue.
import Button from "@mui/material/Button";
import MenuItem from "@mui/material/MenuItem";
import { useState, type RefObject } from "react";
import { Link } from "react-router";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { memberName, statusName } from "@/shared/format/issue";
import { Avatar } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { MenuButton } from "@/shared/ui/MenuButton";
import type { Triage } from "../api/triage";
import { AssignMenu } from "../AssignMenu";
import styles from "./detail.module.css";

interface IssueActionsProps {
  issue: Issue;
  triage: Triage;
  /** Set where there is a next one to go to. */
  resolveAndNext: (() => void) | undefined;
  /** The button that the key `a` presses. */
  assign: RefObject<HTMLButtonElement | null>;
  onHelp: () => void;
}

export function IssueActions({ issue, triage, resolveAndNext, assign, onHelp }: IssueActionsProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const status = statusName(issue.status);
  return (
    <div className={styles.actions}>
      {issue.isDiscarded ? (
        <Button variant="outlined" startIcon={<Icon name="reopen" size={14} />} onClick={() => triage.undiscard(issue)}>
          Stop discarding
        </Button>
      ) : status === "unresolved" ? (
        <>
          <Button
            variant="contained"
            startIcon={<Icon name="check" size={14} />}
            onClick={() => triage.setStatus([issue], "resolved")}
          >
            Resolve
          </Button>
          <Button
            variant="outlined"
            startIcon={<Icon name="mute" size={14} />}
            onClick={() => triage.setStatus([issue], "ignored")}
          >
            Ignore
          </Button>
        </>
      ) : (
        <Button
          variant="outlined"
          startIcon={<Icon name="reopen" size={14} />}
          onClick={() => triage.setStatus([issue], "unresolved")}
        >
          Reopen
        </Button>
      )}
      <Button
        ref={assign}
        variant="outlined"
        startIcon={issue.assignee ? <Avatar member={issue.assignee} size={18} /> : <Icon name="person" size={14} />}
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        {issue.assignee ? memberName(issue.assignee) : "Assign"}
      </Button>
      <AssignMenu
        anchor={anchor}
        current={issue.assignee?.id}
        onClose={() => setAnchor(null)}
        onChoose={(member) => {
          triage.assign([issue], member);
          setAnchor(null);
        }}
      />
      <MenuButton label="More to do with this issue" text="More">
        {(close) => [
          ...(resolveAndNext && status === "unresolved"
            ? [
                <MenuItem key="next" onClick={() => (close(), resolveAndNext())}>
                  Resolve and next
                </MenuItem>,
              ]
            : []),
          issue.isDiscarded ? (
            <MenuItem key="undiscard" onClick={() => (close(), triage.undiscard(issue))}>
              <span className={styles.menuItem}>
                Stop discarding
                <small>Its events are stored again; it is open</small>
              </span>
            </MenuItem>
          ) : (
            <MenuItem key="discard" onClick={() => (close(), triage.discard(issue))}>
              <span className={styles.menuItem}>
                Discard
                <small>Ignore it, and turn its events away until it is reopened</small>
              </span>
            </MenuItem>
          ),
          <MenuItem key="past" component={Link} to={`/past/${issue.id}`}>
            As of a past time
          </MenuItem>,
          <MenuItem key="keys" onClick={() => (close(), onHelp())}>
            Keys of this page
          </MenuItem>,
        ]}
      </MenuButton>
    </div>
  );
}
