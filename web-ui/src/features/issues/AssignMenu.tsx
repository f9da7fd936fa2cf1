// Whom to assign to.
import type { Issue_Member } from "@/gen/errata/v1/issue_pb";
import { useMembers } from "@/shared/api/listMembers";
import { useViewer } from "@/shared/api/getViewer";
import { memberName } from "@/shared/format/issue";
import { Avatar } from "@/shared/ui/bits";
import { Picker } from "@/shared/ui/Picker";

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
  const people = sorted.map((member) => {
    const text = `${memberName(member)}${member.id === viewer?.id ? " (you)" : ""}`;
    return {
      id: String(member.id),
      text,
      shown: <Person member={member} text={text} />,
      chosen: member.id === current,
    };
  });
  const nobody = { id: "", text: "Nobody", shown: <Person member={undefined} text="Nobody" /> };
  const choose = (id: string) => {
    const member = members.data?.find((each) => String(each.id) === id);
    onChoose(member && { $typeName: "errata.v1.Issue.Member", id: member.id, email: member.email, name: member.name });
  };
  return (
    <Picker
      anchor={anchor}
      label="Assign to"
      choices={[...people, nobody]}
      onPick={({ id }) => choose(id)}
      onClose={onClose}
      {...(members.isPending ? { note: "Loading…" } : {})}
    />
  );
}

function Person({ member, text }: { member: { name: string; email: string } | undefined; text: string }) {
  return (
    <>
      <Avatar member={member} size={20} />
      {text}
    </>
  );
}
