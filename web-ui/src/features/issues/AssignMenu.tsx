// Whom to assign to.
import { Menu } from "@/shared/ui/Menu";
import MenuItem from "@mui/material/MenuItem";
import type { Issue_Member } from "@/gen/errata/v1/issue_pb";
import { useMembers } from "@/shared/api/listMembers";
import { useViewer } from "@/shared/api/getViewer";
import { memberName } from "@/shared/format/issue";
import { Avatar } from "@/shared/ui/bits";

interface AssignMenuProps {
  anchor: HTMLElement | null;
  /** The present assignee's id. */
  current: number | undefined;
  onClose: () => void;
  onChoose: (member: Issue_Member | undefined) => void;
}

export function AssignMenu({ anchor, current, onClose, onChoose }: AssignMenuProps) {
  const members = useMembers();
  const viewer = useViewer().data?.viewer;
  // Oneself first: the usual choice is one key press away.
  const sorted = [...(members.data ?? [])].sort((a, b) => Number(b.id === viewer?.id) - Number(a.id === viewer?.id));
  return (
    <Menu anchorEl={anchor} open={anchor !== null} onClose={onClose} slotProps={{ list: { "aria-label": "Assign to" } }}>
      {sorted.map((member) => (
        <MenuItem key={member.id} selected={member.id === current} onClick={() => onChoose({ $typeName: "errata.v1.Issue.Member", id: member.id, email: member.email, name: member.name })}>
          <Avatar member={member} size={20} />
          {memberName(member)}
          {member.id === viewer?.id && " (you)"}
        </MenuItem>
      ))}
      {members.isPending && <MenuItem disabled>Loading…</MenuItem>}
      <MenuItem onClick={() => onChoose(undefined)}>
        <Avatar member={undefined} size={20} />
        Nobody
      </MenuItem>
    </Menu>
  );
}
