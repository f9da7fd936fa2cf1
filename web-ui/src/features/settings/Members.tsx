// Everyone who can sign in, who is invited, and who is gone.
import Button from "@mui/material/Button";
import IconButton from "@mui/material/IconButton";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import type { Account as User } from "@/gen/errata/v1/account_pb";
import { Role } from "@/gen/errata/v1/command_pb";
import { MemberStatus } from "@/gen/errata/v1/project_pb";
import { useViewer } from "@/shared/api/getViewer";
import { failureOf } from "@/shared/format/failure";
import { memberName } from "@/shared/format/issue";
import { useNotices } from "@/shared/state/notices";
import { Avatar, Pill, RelativeTime } from "@/shared/ui/bits";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Icon } from "@/shared/ui/Icon";
import { ErrorState } from "@/shared/ui/states";
import { useCreatePasswordLink } from "./api/createPasswordLink";
import { useCreateUser } from "./api/createUser";
import { useUsers } from "./api/listUsers";
import { useSetRemoved } from "./api/setRemoved";
import { useSetRole } from "./api/setRole";
import { MemberProjects } from "./MemberProjects";
import { sightInWords } from "./sight";
import { Confirm, Failure, Part, useRefused } from "@/shared/ui/form";
import { useSubmit } from "@/shared/ui/useSubmit";
import styles from "./settings.module.css";

/** A link that was just made; shown once. */
interface Made {
  user: string;
  link: string;
  invited: boolean;
}

export function Members() {
  const viewer = useViewer().data?.viewer;
  const users = useUsers();
  const [made, setMade] = useState<Made | null>(null);
  const isOwner = viewer?.role === Role.OWNER;
  if (users.isPending) return <Skeleton height={240} width="100%" />;
  if (users.isError) return <ErrorState error={users.error} retry={() => void users.refetch()} />;
  const here = users.data.filter((user) => user.status !== MemberStatus.DISABLED);
  const gone = users.data.filter((user) => user.status === MemberStatus.DISABLED);
  return (
    <>
      <Part
        title="Members"
        lead="A member reads the projects they see and changes their issues; an owner sees all, and also manages projects, keys and members."
      >
        <ul className={styles.members}>
          {here.map((user) => (
            <Row key={user.id} user={user} viewerId={viewer?.id ?? 0} isOwner={isOwner} onMade={setMade} />
          ))}
        </ul>
        {made && (
          <div className={styles.once} role="status">
            <p>
              Send this link to {made.user}. {made.invited ? "It sets their password" : "It sets a new password"}, works
              once, within 7 days, and is not shown again; earlier links have ended.
            </p>
            <CodeBlock text={made.link} what={made.invited ? "invitation link" : "link to set a password"} />
          </div>
        )}
        {isOwner ? (
          <Invite onMade={setMade} />
        ) : (
          <p className={styles.hint}>Only an owner can invite, remove or change people.</p>
        )}
      </Part>
      {gone.length > 0 && (
        <Part title="Removed" lead="They cannot sign in; their tokens are revoked. What they did bears their name.">
          <ul className={styles.members}>
            {gone.map((user) => (
              <Row key={user.id} user={user} viewerId={viewer?.id ?? 0} isOwner={isOwner} onMade={setMade} />
            ))}
          </ul>
        </Part>
      )}
    </>
  );
}

const nameOf = (user: User) => memberName(user) || "the owner of the first start";

function Row({
  user,
  viewerId,
  isOwner,
  onMade,
}: {
  user: User;
  viewerId: number;
  isOwner: boolean;
  onMade: (made: Made | null) => void;
}) {
  const removed = user.status === MemberStatus.DISABLED;
  const invited = user.status === MemberStatus.INVITED;
  return (
    <li>
      <Avatar member={user} size={28} />
      <span className={styles.memberName}>
        <b>
          {nameOf(user)}
          {user.id === viewerId && " (you)"}
        </b>
        <span>
          {user.name && `${user.email} · `}
          {removed ? (
            <>
              removed <RelativeTime time={user.disabledAt} suffix=" ago" />
            </>
          ) : invited ? (
            user.linkExpiresAt ? (
              "invited, has not come yet"
            ) : (
              "invited, the link has expired"
            )
          ) : user.lastSignInAt ? (
            <>
              last sign-in <RelativeTime time={user.lastSignInAt} suffix=" ago" />
            </>
          ) : (
            isOwner && "no sign-in yet"
          )}
        </span>
      </span>
      {!removed && isOwner && !user.allProjects && <Pill kind="quiet">{sightInWords(user)}</Pill>}
      {!removed && (
        <Pill kind={user.role === Role.OWNER ? "accent" : "quiet"}>
          {user.role === Role.OWNER ? "Owner" : "Member"}
        </Pill>
      )}
      {isOwner && <Actions user={user} self={user.id === viewerId} onMade={onMade} />}
    </li>
  );
}

function Actions({ user, self, onMade }: { user: User; self: boolean; onMade: (made: Made | null) => void }) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const [asking, setAsking] = useState(false);
  const [choosing, setChoosing] = useState(false);
  const setRole = useSetRole();
  const setRemoved = useSetRemoved();
  const link = useCreatePasswordLink();
  const { show, fail } = useNotices();
  const name = nameOf(user);
  const invited = user.status === MemberStatus.INVITED;
  const close = () => setAnchor(null);
  const failed = (what: string) => (cause: unknown) =>
    fail(`${what}: ${failureOf(cause).reason}.`, { topic: `user ${user.id}`, errorId: failureOf(cause).id });
  const makeRole = (role: Role, back: Role) => {
    close();
    setRole.mutate(
      { userId: user.id, role },
      {
        onSuccess: () =>
          show(`${name} is ${role === Role.OWNER ? "an owner" : "a member"} now`, () =>
            setRole.mutate({ userId: user.id, role: back }),
          ),
        onError: failed("Role not changed"),
      },
    );
  };
  const makeLink = () => {
    close();
    onMade(null);
    link.mutate(user.id, {
      onSuccess: ({ passwordLink }) => onMade({ user: name, link: passwordLink, invited }),
      onError: failed("No link made"),
    });
  };
  const bringBack = () =>
    setRemoved.mutate(
      { userId: user.id, removed: false },
      { onSuccess: () => show(`${name} can sign in again`), onError: failed("Not brought back") },
    );
  if (user.status === MemberStatus.DISABLED) {
    return (
      <Button variant="outlined" disabled={setRemoved.isPending} onClick={bringBack}>
        Bring back
      </Button>
    );
  }
  return (
    <>
      <IconButton
        aria-label={`Change ${name}`}
        aria-haspopup="menu"
        onClick={(event) => setAnchor(event.currentTarget)}
      >
        <Icon name="chevronDown" size={14} />
      </IconButton>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={close}>
        {user.role === Role.OWNER ? (
          <MenuItem onClick={() => makeRole(Role.MEMBER, Role.OWNER)}>Make a member</MenuItem>
        ) : (
          <MenuItem onClick={() => makeRole(Role.OWNER, Role.MEMBER)}>Make an owner</MenuItem>
        )}
        {user.role !== Role.OWNER && (
          <MenuItem onClick={() => (close(), setChoosing(true))}>Projects they see…</MenuItem>
        )}
        <MenuItem onClick={makeLink}>{invited ? "New invitation link" : "Link to set a new password"}</MenuItem>
        {!self && <MenuItem onClick={() => (close(), setAsking(true))}>Remove…</MenuItem>}
      </Menu>
      {choosing && <MemberProjects user={user} name={name} onClose={() => setChoosing(false)} />}
      {asking && (
        <Confirm
          title={`Remove ${name}?`}
          action="Remove"
          pending={setRemoved.isPending}
          error={setRemoved.error}
          onClose={() => setAsking(false)}
          onConfirm={() =>
            setRemoved.mutate(
              { userId: user.id, removed: true },
              { onSuccess: () => (setAsking(false), show(`${name} was removed`)) },
            )
          }
        >
          They are signed out everywhere at once and cannot sign in; their API tokens are revoked, which cannot be
          undone. You can bring them back. Issues that are theirs stay theirs.
        </Confirm>
      )}
    </>
  );
}

function Invite({ onMade }: { onMade: (made: Made | null) => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState(Role.MEMBER);
  const invite = useCreateUser();
  const refused = useRefused(invite.error);
  const submit = useSubmit(async () => {
    onMade(null);
    const address = email.trim();
    const { passwordLink } = await invite.mutateAsync({ email: address, role });
    setEmail("");
    onMade({ user: address, link: passwordLink, invited: true });
  });
  return (
    <>
      <form className={styles.inline} onSubmit={submit}>
        <input
          type="email"
          aria-label="E-mail of the new member"
          placeholder="ada@example.org"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          {...refused.at("email")}
        />
        <select
          aria-label="Role"
          value={role}
          onChange={(event) => setRole(event.target.value === String(Role.OWNER) ? Role.OWNER : Role.MEMBER)}
        >
          <option value={Role.MEMBER}>Member</option>
          <option value={Role.OWNER}>Owner</option>
        </select>
        <Button type="submit" variant="outlined" disabled={!email.includes("@") || invite.isPending}>
          Invite
        </Button>
      </form>
      <Failure error={invite.error} id={refused.id} />
    </>
  );
}
