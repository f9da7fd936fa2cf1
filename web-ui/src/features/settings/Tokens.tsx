// API tokens: made, listed with their last use, revoked.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import type { ApiToken as Token } from "@/gen/errata/v1/account_pb";
import { Role, TokenScope } from "@/gen/errata/v1/command_pb";
import { useViewer } from "@/shared/api/getViewer";
import { useMembers } from "@/shared/api/listMembers";
import { memberName } from "@/shared/format/issue";
import { useNotices } from "@/shared/state/notices";
import { absolute, toDate } from "@/shared/format/time";
import { Pill, RelativeTime } from "@/shared/ui/bits";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { ErrorState } from "@/shared/ui/states";
import { useCreateToken } from "./api/createToken";
import { useTokens } from "./api/listTokens";
import { useRevokeToken } from "./api/revokeToken";
import { Confirm, Failure, Part, useRefused } from "@/shared/ui/form";
import { useSubmit } from "@/shared/ui/useSubmit";
import styles from "./settings.module.css";

const LIVES = [
  [30, "30 days"],
  [90, "90 days"],
  [365, "a year"],
  [0, "no end"],
] as const;

export function Tokens() {
  const isOwner = useViewer().data?.viewer?.role === Role.OWNER;
  return (
    <Part
      title="API tokens"
      lead={`For scripts that use the REST or gRPC API with your rights, or a part of them. A token is shown once; only its hash is kept.${isOwner ? " You see everybody's." : ""}`}
    >
      <Create />
      <List all={isOwner} />
    </Part>
  );
}

function Create() {
  const [label, setLabel] = useState("");
  const [readOnly, setReadOnly] = useState(true);
  const [days, setDays] = useState(90);
  const create = useCreateToken();
  const refused = useRefused(create.error);
  const submit = useSubmit(async () => {
    await create.mutateAsync({ label: label.trim(), readOnly, days });
    setLabel("");
  });
  return (
    <>
      <form className={styles.inline} onSubmit={submit}>
        <input
          aria-label="What the token is for"
          placeholder="what it is for"
          maxLength={64}
          value={label}
          onChange={(event) => setLabel(event.target.value)}
          {...refused.at("label")}
        />
        <select
          aria-label="What it may do"
          value={readOnly ? "read" : "full"}
          onChange={(event) => setReadOnly(event.target.value === "read")}
        >
          <option value="read">reads only</option>
          <option value="full">all that you may</option>
        </select>
        <select aria-label="How long it works" value={days} onChange={(event) => setDays(Number(event.target.value))}>
          {LIVES.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
        <Button type="submit" variant="outlined" disabled={label.trim() === "" || create.isPending}>
          Create token
        </Button>
      </form>
      <Failure error={create.error} id={refused.id} />
      {create.data && (
        <div className={styles.once} role="status">
          <p>Copy it now: it is not shown again.</p>
          <CodeBlock text={create.data.token} what="API token" />
        </div>
      )}
    </>
  );
}

function List({ all }: { all: boolean }) {
  const tokens = useTokens(all);
  const members = useMembers();
  const [asking, setAsking] = useState<Token | null>(null);
  const revoke = useRevokeToken();
  const show = useNotices((state) => state.show);
  if (tokens.isPending) return <Skeleton height={96} width="100%" />;
  if (tokens.isError) return <ErrorState error={tokens.error} retry={() => void tokens.refetch()} />;
  if (tokens.data.length === 0) return <p className={styles.hint}>There are no tokens.</p>;
  const owner = (token: Token) => {
    const member = members.data?.find((each) => each.id === token.userId);
    return member ? memberName(member) : `user ${token.userId}`;
  };
  return (
    <>
      <ul className={styles.members} aria-label="Tokens">
        {tokens.data.map((token) => (
          <li key={token.id}>
            <span className={styles.memberName}>
              <b>{token.label}</b>
              <span>
                {all && `${owner(token)} · `}made <RelativeTime time={token.createdAt} suffix=" ago" />
                {token.lastUsedAt ? (
                  <>
                    {" · used "}
                    <RelativeTime time={token.lastUsedAt} suffix=" ago" />
                    {token.lastAddress && ` from ${token.lastAddress}`}
                  </>
                ) : (
                  " · not used since the server started"
                )}
                {token.expiresAt ? (
                  <span
                    data-tip={absolute(toDate(token.expiresAt))}
                  >{` · ends ${toDate(token.expiresAt).toLocaleDateString()}`}</span>
                ) : (
                  " · no end"
                )}
              </span>
            </span>
            <Pill kind="quiet">{token.scope === TokenScope.READ ? "Reads only" : "Full"}</Pill>
            <Button variant="text" aria-label={`Revoke ${token.label}`} onClick={() => setAsking(token)}>
              Revoke
            </Button>
          </li>
        ))}
      </ul>
      {asking && (
        <Confirm
          title={`Revoke “${asking.label}”?`}
          action="Revoke"
          pending={revoke.isPending}
          error={revoke.error}
          onClose={() => (revoke.reset(), setAsking(null))}
          onConfirm={() => revoke.mutate(asking.id, { onSuccess: () => (setAsking(null), show("Token revoked")) })}
        >
          Whatever uses it is refused from now on. This cannot be undone.
        </Confirm>
      )}
    </>
  );
}
