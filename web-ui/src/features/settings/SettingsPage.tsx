// Members, API tokens, this device, this session.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { useState, type SubmitEvent, type ReactNode } from "react";
import { useNavigate } from "react-router";
import { Role } from "@/gen/errata/v1/command_pb";
import { useViewer } from "@/shared/api/getViewer";
import { postJson } from "@/shared/api/http";
import { useMembers } from "@/shared/api/listMembers";
import { queryClient } from "@/shared/api/queryClient";
import { failureOf } from "@/shared/format/failure";
import { memberName } from "@/shared/format/issue";
import { sentence } from "@/shared/format/sentence";
import { useNotices } from "@/shared/state/notices";
import { usePreferences } from "@/shared/state/preferences";
import { Avatar, PageHead, Pill, Segments } from "@/shared/ui/bits";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { ErrorState } from "@/shared/ui/states";
import { useCreateToken } from "./api/createToken";
import { useCreateUser } from "./api/createUser";
import { useRevokeToken } from "./api/revokeToken";
import styles from "./settings.module.css";

export function SettingsPage() {
  const viewer = useViewer().data;
  const isOwner = viewer?.viewer?.role === Role.OWNER;
  const { scheme, setScheme } = usePreferences();
  return (
    <div className={styles.page}>
      <PageHead title="Settings" />
      <Part title="Members" lead="Everyone who can sign in. A member reads everything and changes issues; an owner also manages projects, keys and members.">
        <Members viewerId={viewer?.viewer?.id ?? 0} />
        {isOwner && <Invite />}
      </Part>
      <Part title="API tokens" lead="For scripts that read through the REST or gRPC API, with your rights. A token is shown once; only its hash is kept.">
        <Tokens />
      </Part>
      <Part title="Appearance" lead="On this device.">
        <Segments label="Appearance" value={scheme} options={[["system", "As the system"], ["light", "Light"], ["dark", "Dark"]]} onChange={setScheme} />
      </Part>
      <Part title="Sessions" lead="Signs you out on every device, this one included.">
        <SignOutEverywhere />
      </Part>
      {viewer && (
        <p className={styles.about}>
          {viewer.organization} · plan {viewer.plan} · Errata {viewer.version}
        </p>
      )}
    </div>
  );
}

function Part({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  return (
    <section className={styles.part} aria-label={title}>
      <div className={styles.partHead}>
        <h2>{title}</h2>
        <p>{lead}</p>
      </div>
      <div className={styles.partBody}>{children}</div>
    </section>
  );
}

function Members({ viewerId }: { viewerId: number }) {
  const members = useMembers();
  if (members.isPending) return <Skeleton height={88} width="100%" />;
  if (members.isError) return <ErrorState error={members.error} retry={() => void members.refetch()} />;
  return (
    <ul className={styles.members}>
      {members.data.map((member) => (
        <li key={member.id}>
          <Avatar member={member} size={28} />
          <span className={styles.memberName}>
            <b>
              {memberName(member)}
              {member.id === viewerId && " (you)"}
            </b>
            {member.name && <span>{member.email}</span>}
          </span>
          <Pill kind={member.role === Role.OWNER ? "accent" : "quiet"}>{member.role === Role.OWNER ? "Owner" : "Member"}</Pill>
        </li>
      ))}
    </ul>
  );
}

const failure = (error: unknown) => (
  <p className={styles.error} role="alert">
    {sentence(failureOf(error).reason)}
  </p>
);

function Invite() {
  const [email, setEmail] = useState("");
  const invite = useCreateUser();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    invite.mutate({ email: email.trim(), name: "" }, { onSuccess: () => setEmail("") });
  };
  return (
    <>
      <form className={styles.inline} onSubmit={submit}>
        <input type="email" aria-label="E-mail of the new member" placeholder="ada@example.org" value={email} onChange={(event) => setEmail(event.target.value)} />
        <Button type="submit" variant="outlined" disabled={!email.includes("@") || invite.isPending}>
          Invite
        </Button>
      </form>
      {invite.isError && failure(invite.error)}
      {invite.data && (
        <div className={styles.once}>
          <p>Send this link to the new member. It works once, within 7 days, and is not shown again.</p>
          <CodeBlock text={invite.data.passwordLink} what="invitation link" />
        </div>
      )}
    </>
  );
}

function Tokens() {
  const [label, setLabel] = useState("");
  const create = useCreateToken();
  const revoke = useRevokeToken();
  const show = useNotices((state) => state.show);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    create.mutate(label.trim(), { onSuccess: () => setLabel("") });
  };
  const drop = (tokenId: number) =>
    revoke.mutate(tokenId, {
      onSuccess: () => {
        create.reset();
        show("Token revoked");
      },
    });
  return (
    <>
      <form className={styles.inline} onSubmit={submit}>
        <input aria-label="What the token is for" placeholder="what it is for" maxLength={64} value={label} onChange={(event) => setLabel(event.target.value)} />
        <Button type="submit" variant="outlined" disabled={label.trim() === "" || create.isPending}>
          Create token
        </Button>
      </form>
      {create.isError && failure(create.error)}
      {revoke.isError && failure(revoke.error)}
      {create.data && (
        <div className={styles.once}>
          <p>Copy it now: it is not shown again.</p>
          <CodeBlock text={create.data.token} what="API token" />
          <Button variant="text" disabled={revoke.isPending} onClick={() => drop(create.data.tokenId)}>
            Revoke it
          </Button>
        </div>
      )}
    </>
  );
}

function SignOutEverywhere() {
  const navigate = useNavigate();
  const show = useNotices((state) => state.show);
  const run = async () => {
    try {
      await postJson("/auth/sign-out-everywhere", {});
      queryClient.clear();
      await navigate("/sign-in");
    } catch (cause) {
      show(`Not signed out: ${failureOf(cause).reason}.`);
    }
  };
  return (
    <Button variant="outlined" onClick={() => void run()}>
      Sign out everywhere
    </Button>
  );
}
