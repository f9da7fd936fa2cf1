// A project's keys: made, renamed, disabled and enabled again.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import type { ProjectKey } from "@/gen/errata/v1/project_pb";
import { plural } from "@/shared/format/count";
import { failureOf } from "@/shared/format/failure";
import { useNotices } from "@/shared/state/notices";
import { Pill, RelativeTime } from "@/shared/ui/bits";
import { CopyButton } from "@/shared/ui/CopyButton";
import { ErrorState } from "@/shared/ui/states";
import { type KeyChange, useChangeKey } from "./api/changeKey";
import { useKeys } from "./api/listKeys";
import { Failure, Part, useRefused } from "@/shared/ui/form";
import { useSubmit } from "@/shared/ui/useSubmit";
import styles from "./settings.module.css";

const LABEL_MAX = 64;
const PER_MINUTE_MAX = 1_000_000;

export function Keys({ projectId, isOwner }: { projectId: number; isOwner: boolean }) {
  const keys = useKeys(projectId);
  const change = useChangeKey(projectId);
  const { show, fail } = useNotices();
  const [label, setLabel] = useState("");
  const run = (given: KeyChange, done: string, undo?: KeyChange) =>
    change.mutate(given, {
      onSuccess: () => show(done, undo && (() => change.mutate(undo))),
      onError: (cause) =>
        fail(`Key not changed: ${failureOf(cause).reason}.`, {
          topic: "key",
          errorId: failureOf(cause).id,
          retry: () => run(given, done, undo),
        }),
    });
  const created = useChangeKey(projectId);
  const refused = useRefused(created.error);
  const create = useSubmit(async () => {
    await created.mutateAsync({ kind: "create", label: label.trim() });
    setLabel("");
    show("Key created");
  });
  return (
    <Part
      fill
      title="Keys"
      lead="What clients write with. To replace one, make a new key, change the DSN where the old one is used, then disable the old one: from then on it is refused."
    >
      {keys.isPending ? (
        <Skeleton height={64} width="100%" />
      ) : keys.isError ? (
        <ErrorState error={keys.error} retry={() => void keys.refetch()} />
      ) : (
        <ul className={styles.keys} aria-label="Keys">
          {keys.data.map((key) => (
            <Key
              key={key.publicKey}
              projectId={projectId}
              of={key}
              isOwner={isOwner}
              pending={change.isPending}
              run={run}
            />
          ))}
        </ul>
      )}
      {isOwner && (
        <form className={styles.newKey} onSubmit={create}>
          <input
            aria-label="What the new key is for"
            placeholder="what it is for"
            maxLength={LABEL_MAX}
            value={label}
            onChange={(event) => setLabel(event.target.value)}
            {...refused.at("label")}
          />
          <Button type="submit" variant="outlined" disabled={created.isPending}>
            Create key
          </Button>
        </form>
      )}
      <Failure error={created.error} id={refused.id} />
    </Part>
  );
}

interface KeyProps {
  projectId: number;
  of: ProjectKey;
  isOwner: boolean;
  pending: boolean;
  run: (given: KeyChange, done: string, undo?: KeyChange) => void;
}

function Key({ projectId, of, isOwner, pending, run }: KeyProps) {
  const { publicKey, enabled } = of;
  const [label, setLabel] = useState<string | null>(null);
  const show = useNotices((state) => state.show);
  const renamed = useChangeKey(projectId);
  const refused = useRefused(renamed.error);
  const rename = useSubmit(async () => {
    const before: KeyChange = { kind: "rename", publicKey, label: of.label };
    await renamed.mutateAsync({ kind: "rename", publicKey, label: (label ?? "").trim() });
    setLabel(null);
    show("Key renamed", () => renamed.mutate(before));
  });
  const [limit, setLimit] = useState<string | null>(null);
  const perMinute = Number((limit ?? "").trim() || 0);
  const isLimit = Number.isInteger(perMinute) && perMinute >= 0 && perMinute <= PER_MINUTE_MAX;
  const limited = useChangeKey(projectId);
  const refusedLimit = useRefused(limited.error);
  const setLimitTo = useSubmit(async () => {
    if (!isLimit) return;
    const before: KeyChange = { kind: "limit", publicKey, itemsPerMinute: of.itemsPerMinute };
    await limited.mutateAsync({ kind: "limit", publicKey, itemsPerMinute: perMinute });
    setLimit(null);
    show(perMinute === 0 ? "The key has no limit of its own now" : "Limit of the key saved", () =>
      limited.mutate(before),
    );
  });
  const disable: KeyChange = { kind: "disable", publicKey };
  const enable: KeyChange = { kind: "enable", publicKey };
  return (
    <li data-enabled={enabled}>
      <div className={styles.keyText}>
        {label === null ? (
          <b>{of.label || "Without a name"}</b>
        ) : (
          <form className={styles.newKey} onSubmit={rename}>
            <input
              aria-label="Name of the key"
              autoFocus
              maxLength={LABEL_MAX}
              value={label}
              onChange={(event) => setLabel(event.target.value)}
              {...refused.at("label")}
            />
            <Button type="submit" variant="outlined" disabled={renamed.isPending}>
              Save
            </Button>
          </form>
        )}
        <Failure error={renamed.error} id={refused.id} />
        <span className={styles.dsn}>
          <code>{of.dsn}</code>
          <CopyButton text={of.dsn} what="DSN" />
        </span>
        <span>
          made <RelativeTime time={of.createdAt} suffix=" ago" />
          {" · "}
          {of.itemsPerMinute === 0
            ? "no limit of its own"
            : `stores at most ${plural(of.itemsPerMinute, "item")} a minute`}
        </span>
        {limit !== null && (
          <form className={styles.newKey} onSubmit={setLimitTo}>
            <input
              aria-label="Items that the key may store in a minute; empty: no limit"
              autoFocus
              inputMode="numeric"
              placeholder="no limit"
              value={limit}
              aria-invalid={!isLimit || undefined}
              onChange={(event) => setLimit(event.target.value)}
              {...refusedLimit.at("items_per_minute")}
            />
            <span>items a minute</span>
            <Button type="submit" variant="outlined" disabled={limited.isPending || !isLimit}>
              Save
            </Button>
          </form>
        )}
        <Failure error={limited.error} id={refusedLimit.id} />
      </div>
      {!enabled && <Pill kind="quiet">Disabled</Pill>}
      {isOwner && (
        <span className={styles.keyActions}>
          <Button
            variant="text"
            aria-label={`Rename the key ${of.label || publicKey.slice(0, 8)}`}
            onClick={() => {
              renamed.reset();
              setLabel(label === null ? of.label : null);
            }}
          >
            {label === null ? "Rename" : "Cancel"}
          </Button>
          <Button
            variant="text"
            aria-label={`Limit the key ${of.label || publicKey.slice(0, 8)}`}
            onClick={() => {
              limited.reset();
              setLimit(limit === null ? String(of.itemsPerMinute || "") : null);
            }}
          >
            {limit === null ? "Limit" : "Cancel"}
          </Button>
          {enabled ? (
            <Button
              variant="text"
              disabled={pending}
              aria-label={`Disable the key ${of.label || publicKey.slice(0, 8)}`}
              onClick={() => run(disable, "Key disabled: what is sent with it is refused", enable)}
            >
              Disable
            </Button>
          ) : (
            <Button
              variant="text"
              disabled={pending}
              aria-label={`Enable the key ${of.label || publicKey.slice(0, 8)}`}
              onClick={() => run(enable, "Key enabled", disable)}
            >
              Enable
            </Button>
          )}
        </span>
      )}
    </li>
  );
}
