// One's own name and password.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useViewer } from "@/shared/api/getViewer";
import { postJson } from "@/shared/api/http";
import { useNotices } from "@/shared/state/notices";
import { useRenameUser } from "./api/renameUser";
import { Failure, Input, Part, useRefused } from "@/shared/ui/form";
import { useSubmit } from "@/shared/ui/useSubmit";
import styles from "./settings.module.css";
import { accountKeys } from "./keys";

const PASSWORD_MIN = 8;
const PASSWORD_MAX = 128;

export function Profile() {
  const viewer = useViewer().data?.viewer;
  if (!viewer) return <Skeleton height={240} width="100%" />;
  return (
    <>
      <Part title="Name" lead="Shown beside what you do and what is given to you.">
        <Name saved={viewer.name} email={viewer.email} />
      </Part>
      <Part title="Password" lead="Changing it signs you out everywhere but here.">
        <Password email={viewer.email} />
      </Part>
    </>
  );
}

function Name({ saved, email }: { saved: string; email: string }) {
  const [name, setName] = useState(saved);
  const rename = useRenameUser();
  const show = useNotices((state) => state.show);
  const refused = useRefused(rename.error);
  const submit = useSubmit(async () => {
    await rename.mutateAsync(name.trim());
    show("Name saved", () => (setName(saved), rename.mutate(saved)));
  });
  return (
    <form className={styles.form} onSubmit={submit}>
      <Input
        label="Name"
        value={name}
        maxLength={100}
        autoComplete="name"
        placeholder="Ada Lovelace"
        onChange={setName}
        note={`You sign in as ${email}.`}
        refused={refused.at("name")}
      />
      <Failure error={rename.error} id={refused.id} />
      <Button type="submit" variant="outlined" disabled={name.trim() === saved || rename.isPending}>
        Save name
      </Button>
    </form>
  );
}

function Password({ email }: { email: string }) {
  const empty = { old: "", next: "" };
  const [given, setGiven] = useState(empty);
  const [endTokens, setEndTokens] = useState(false);
  const show = useNotices((state) => state.show);
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: () =>
      postJson("/auth/change-password", { old_password: given.old, password: given.next, end_tokens: endTokens }),
    onSuccess: async () => {
      setGiven(empty);
      show(endTokens ? "Password changed, tokens revoked" : "Password changed");
      await Promise.all(
        [accountKeys.sessions, accountKeys.tokens, accountKeys.users].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      );
    },
  });
  const long = given.next.length >= PASSWORD_MIN && given.next.length <= PASSWORD_MAX;
  const refused = useRefused(change.error);
  const submit = useSubmit(() => change.mutateAsync());
  return (
    <form className={styles.form} onSubmit={submit}>
      {/* For password managers: whose password it is. */}
      <input type="email" autoComplete="username" value={email} readOnly hidden />
      <Input
        label="Password until now"
        type="password"
        autoComplete="current-password"
        value={given.old}
        onChange={(old) => setGiven({ ...given, old })}
        refused={refused.at("old_password")}
      />
      <Input
        label="New password"
        type="password"
        autoComplete="new-password"
        value={given.next}
        onChange={(next) => setGiven({ ...given, next })}
        refused={refused.at("password")}
        note={`${PASSWORD_MIN} to ${PASSWORD_MAX} characters. A long sentence is a good one.`}
      />
      <label className={styles.check}>
        <input type="checkbox" checked={endTokens} onChange={(event) => setEndTokens(event.target.checked)} />
        Revoke my API tokens, too
      </label>
      <Failure error={change.error} id={refused.id} />
      <Button type="submit" variant="outlined" disabled={given.old === "" || !long || change.isPending}>
        {change.isPending ? "One moment…" : "Change password"}
      </Button>
    </form>
  );
}
