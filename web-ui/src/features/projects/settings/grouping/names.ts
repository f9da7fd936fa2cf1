// Who did something, in words.
import type { Member } from "@/gen/errata/v1/project_pb";
import { useMembers } from "@/shared/api/listMembers";
import { memberName } from "@/shared/format/issue";

const ACTORS: Record<string, string> = { admin: "on the host", system: "by itself" };

/** "user:3" is the person of that number. */
export function useNames(): (actor: string) => string {
  const members: readonly Member[] = useMembers().data ?? [];
  return (actor) => {
    const person = members.find((each) => actor === `user:${each.id}`);
    return person ? memberName(person) : (ACTORS[actor] ?? actor.replace(":", " "));
  };
}
