// Where is my event? The newest fates of what was sent to a project, live.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import { useParams } from "react-router";
import { Role } from "@/gen/errata/v1/command_pb";
import { OutcomeKind } from "@/gen/errata/v1/ingest_debug_pb";
import type { GetProjectResponse } from "@/gen/errata/v1/project_pb";
import { useViewer } from "@/shared/api/getViewer";
import { failureOf } from "@/shared/format/failure";
import { plural } from "@/shared/format/count";
import { useNotices } from "@/shared/state/notices";
import { Segments } from "@/shared/ui/bits";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { PickerButton } from "@/shared/ui/Picker";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { useParamsNow } from "@/shared/url/params";
import { useProject } from "../api/getProject";
import { ProjectHead } from "../ProjectHead";
import { useOutcomes } from "../api/listOutcomes";
import { useSendTestError } from "../api/sendTestError";
import { KINDS, kindOf } from "./outcomes";
import { OutcomeRow } from "./OutcomeRow";
import styles from "./ingestion.module.css";

/** Rows drawn; the server keeps 200 of each kind. */
const ROWS_MAX = 200;

export function IngestionPage() {
  const projectId = Number(useParams()["projectId"]);
  const query = useProject(projectId);
  if (query.isError) return <ErrorState page error={query.error} retry={() => void query.refetch()} />;
  return <Ingestion key={projectId} projectId={projectId} answer={query.data} />;
}

function Ingestion({ projectId, answer }: { projectId: number; answer: GetProjectResponse | undefined }) {
  const [params, write] = useParamsNow();
  const isOwner = useViewer().data?.viewer?.role === Role.OWNER;
  const [kindName, kind] = kindOf(params.get("kind"));
  const isLost = params.get("of") === "unattributed";
  const keys = answer?.keys ?? [];
  const publicKey = keys.find((key) => key.publicKey === params.get("key"))?.publicKey ?? "";
  const set = (name: string, value: string) =>
    write(
      (now) => {
        if (value) now.set(name, value);
        else now.delete(name);
        return now;
      },
      { replace: true },
    );
  return (
    <div className={styles.page}>
      <ProjectHead projectId={projectId} name={answer?.project?.name} />
      <p className={styles.lead}>
        Where is my event? What became of the newest requests, as they come: 200 of each kind a key, since the server
        started. Bodies are not kept.
      </p>
      <div className={styles.filters}>
        <Segments
          label="Fate"
          value={kindName}
          options={KINDS.map(([name, text]) => [name, text] as const)}
          onChange={(name) => set("kind", name === "all" ? "" : name)}
        />
        {keys.length > 1 && !isLost && (
          <PickerButton
            label="Key"
            text={
              keys.find((key) => key.publicKey === publicKey)?.label || (publicKey ? publicKey.slice(0, 8) : "All keys")
            }
            choices={[{ publicKey: "", label: "All keys", enabled: true }, ...keys].map((key) => ({
              id: key.publicKey,
              text: `${key.label || key.publicKey.slice(0, 8)}${key.enabled ? "" : " (disabled)"}`,
              chosen: key.publicKey === publicKey,
            }))}
            onPick={({ id }) => set("key", id)}
          />
        )}
        {isOwner && (
          <Segments
            label="Whose"
            value={isLost ? "unattributed" : "project"}
            options={[
              ["project", "This project"],
              ["unattributed", "No project"],
            ]}
            onChange={(value) => set("of", value === "project" ? "" : value)}
          />
        )}
      </div>
      <Feed
        key={`${isLost} ${publicKey} ${kind}`}
        search={{ projectId: isLost ? 0 : projectId, publicKey: isLost ? "" : publicKey, kind }}
        answer={answer}
        isLost={isLost}
      />
    </div>
  );
}

function Feed({
  search,
  answer,
  isLost,
}: {
  search: Parameters<typeof useOutcomes>[0];
  answer: GetProjectResponse | undefined;
  isLost: boolean;
}) {
  const query = useOutcomes(search);
  // Nothing moves under the pointer: what is newer waits until it is asked for.
  const [shownTo, setShownTo] = useState<bigint>();
  const [open, setOpen] = useState<string>();
  const all = query.data?.outcomes ?? [];
  const newest = BigInt(all[0]?.sequence ?? 0);
  if (query.isPending) return <Skeleton height={320} width="100%" />;
  if (query.isError && all.length === 0) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  if (all.length === 0)
    return isLost ? (
      <NothingLost />
    ) : (
      <Nothing answer={answer} isFiltered={search.kind !== OutcomeKind.UNSPECIFIED || search.publicKey !== ""} />
    );
  if (shownTo === undefined) setShownTo(newest);
  const shown = all.filter((each) => BigInt(each.sequence) <= (shownTo ?? newest)).slice(0, ROWS_MAX);
  const waiting = all.length - all.filter((each) => BigInt(each.sequence) <= (shownTo ?? newest)).length;
  return (
    <section aria-label="Outcomes" className={styles.feed}>
      <div className={styles.bar} aria-live="polite">
        {query.isError ? (
          <span>The server does not answer; trying again.</span>
        ) : waiting > 0 ? (
          <Button size="small" variant="outlined" onClick={() => setShownTo(newest)}>
            {plural(waiting, "new outcome")}
          </Button>
        ) : (
          <span className={styles.live}>Live</span>
        )}
      </div>
      <ol className={styles.rows}>
        {shown.map((outcome) => (
          <OutcomeRow
            key={outcome.sequence}
            outcome={outcome}
            isOpen={open === outcome.sequence}
            onToggle={() => setOpen(open === outcome.sequence ? undefined : outcome.sequence)}
          />
        ))}
      </ol>
    </section>
  );
}

function Nothing({ answer, isFiltered }: { answer: GetProjectResponse | undefined; isFiltered: boolean }) {
  const key = answer?.keys.find((each) => each.enabled);
  const test = useSendTestError(answer?.project?.id ?? 0, key?.publicKey ?? "");
  const fail = useNotices((state) => state.fail);
  if (isFiltered) {
    return (
      <EmptyState icon="filter" title="Nothing of this kind">
        Nothing that came since the server started fits these filters. What arrives shows up here by itself.
      </EmptyState>
    );
  }
  const send = () =>
    test.mutate(undefined, {
      onError: (cause) =>
        fail(`Not sent: ${failureOf(cause).reason}.`, { topic: "test error", errorId: failureOf(cause).id }),
    });
  return (
    <div className={styles.nothing}>
      <EmptyState
        icon="pointer"
        title="Waiting for the first request…"
        actions={
          key && (
            <Button variant="contained" disabled={test.isPending} onClick={send}>
              {test.isPending ? "Sending…" : "Send a test error"}
            </Button>
          )
        }
      >
        Nothing has come for this project since the server started. It appears here the moment it arrives, whatever
        becomes of it.
      </EmptyState>
      {key && (
        <>
          <p>Or from the machine that should be sending, so that the way from there is tried as well:</p>
          <CodeBlock what="test command" text={testCommand(window.location.origin, key.publicKey)} />
        </>
      )}
    </div>
  );
}

const NothingLost = () => (
  <EmptyState icon="check" title="Nothing went astray">
    No request came with an unknown key, for a wrong project or without a key since the server started.
  </EmptyState>
);

/** A test event by hand, from the machine that should be sending. */
export const testCommand = (origin: string, publicKey: string): string =>
  `curl ${origin}/api/errors \\
  -H 'Authorization: Bearer ${publicKey}' \\
  -d '{"error":{"type":"TestError","message":"sent by hand"},"level":"info"}'`;
