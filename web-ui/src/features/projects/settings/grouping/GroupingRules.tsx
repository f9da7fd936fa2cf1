// The rules that a project's events are grouped by: an editor that says, while one writes,
// what cannot be read and what of the newest events each rule holds.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { Suspense, useEffect, useRef, useState } from "react";
import { useLocation } from "react-router";
import type { GroupingRules as Held } from "@/gen/errata/v1/settings_pb";
import { lazyPart } from "@/shared/load/parts";
import { useNotices } from "@/shared/state/notices";
import { Failure, Part, Save } from "@/shared/ui/form";
import { ErrorState } from "@/shared/ui/states";
import { useSubmit } from "@/shared/ui/useSubmit";
import { useCheckRules } from "./api/checkRules";
import { useGroupingRules } from "./api/getGroupingRules";
import { useSetGroupingRules } from "./api/setGroupingRules";
import { Applications } from "./Applications";
import { Editor } from "./Editor";
import { History } from "./History";
import { Verdict } from "./Verdict";
import styles from "./grouping.module.css";

// Few who open the settings ask for it.
const Preview = lazyPart("Preview", async () => (await import("./preview/Preview")).Preview);

/** So long after the last key stroke the server is asked. */
const PAUSE_MS = 300;

interface Props {
  projectId: number;
  isOwner: boolean;
  /** Whether something is not saved: the page asks before it is left. */
  onChanged: (changed: boolean) => void;
}

export default function GroupingRules({ projectId, isOwner, onChanged }: Props) {
  const rules = useGroupingRules(projectId);
  return (
    <Part
      fill
      title="Grouping"
      lead={
        <>
          Rules of your own, a line each: <code>error.type:DatabaseDown -&gt; database-down</code>, or{" "}
          <code>stack.path:**/generated/** -app</code>. Saved, they hold for events from then on; applied, also for
          those that are there.
        </>
      }
    >
      {rules.isPending ? (
        <Skeleton height={200} width="100%" />
      ) : rules.isError ? (
        <ErrorState error={rules.error} retry={() => void rules.refetch()} />
      ) : (
        <Rules projectId={projectId} held={rules.data} isOwner={isOwner} onChanged={onChanged} />
      )}
    </Part>
  );
}

/** The rules with a line more, unless they have it. */
const withLine = (text: string, line: string): string => {
  if (line === "" || text.split("\n").includes(line)) return text;
  return text === "" || text.endsWith("\n") ? `${text}${line}\n` : `${text}\n${line}\n`;
};

function Rules({ projectId, held, isOwner, onChanged }: Props & { held: Held }) {
  const location = useLocation();
  // Set by the link of a rule that is suggested elsewhere.
  const suggested = (isOwner && (location.state as { rule?: string } | null)?.rule) || "";
  const [text, setText] = useState(() => withLine(held.text, suggested));
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (suggested !== "") place.current?.scrollIntoView({ block: "center" });
  }, [suggested]);
  // What the text was made from: somebody else may save meanwhile, and what was typed stays.
  const [base, setBase] = useState(held);
  const [sent, setSent] = useState<string>();
  const meanwhile = held.version !== base.version;
  if (meanwhile && (text === base.text || held.text === text || held.text === sent)) {
    setBase(held);
    if (text === base.text) setText(held.text);
  }
  const settled = useSettled(text);
  const check = useCheckRules(projectId, settled);
  const save = useSetGroupingRules(projectId);
  const show = useNotices((state) => state.show);
  const send = useSubmit(async () => {
    setSent(text);
    await save.mutateAsync({ text, expectedVersion: base.version });
    show("Rules saved: they hold from the next event on");
  });
  const changed = text !== base.text;
  useEffect(() => {
    onChanged(changed);
  }, [changed, onChanged]);
  return (
    <>
      <div ref={place}>
        {changed && suggested !== "" && text.split("\n").includes(suggested) && (
          <p role="status">The last line was suggested on an issue&rsquo;s page. It is not saved yet.</p>
        )}
        <Editor text={text} onChange={setText} told={check.data} disabled={!isOwner} />
      </div>
      {check.isError ? <Failure error={check.error} /> : <Verdict checked={check.data} />}
      {meanwhile && changed && (
        <div className={styles.meanwhile} role="status">
          <span>Other rules were saved meanwhile, as version {held.version}. Yours are not saved.</span>
          <Button variant="outlined" onClick={() => (setBase(held), setText(held.text))}>
            Take those
          </Button>
          <Button variant="text" onClick={() => (setBase(held), save.reset())}>
            Keep mine
          </Button>
        </div>
      )}
      <Suspense fallback={<Skeleton height={32} width="100%" />}>
        <Preview projectId={projectId} text={text} held={held} baseVersion={base.version} isOwner={isOwner} />
      </Suspense>
      {isOwner && (
        <Save
          what="rules"
          changed={changed}
          pending={save.isPending}
          error={save.error}
          onSave={send}
          onReset={() => {
            save.reset();
            setBase(held);
            setText(held.text);
          }}
        />
      )}
      <Applications projectId={projectId} held={held} isOwner={isOwner} />
      <History projectId={projectId} held={held} onTake={isOwner ? setText : undefined} />
    </>
  );
}

/** The text once it has not changed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
