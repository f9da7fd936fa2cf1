// Why another event is not in this one's issue: where the two first differ in what
// counts. Which one is asked about stands in the address.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { type SubmitEvent, useEffect, useId, useRef, useState } from "react";
import { Link } from "react-router";
import type { GroupingComponent, GroupingExplanation, WhyApartResponse } from "@/gen/errata/v1/event_read_pb";
import { failureOf } from "@/shared/format/failure";
import { ErrorId } from "@/shared/ui/ErrorId";
import { EventText } from "@/shared/ui/EventText";
import { useParamsNow } from "@/shared/url/params";
import { useWhyApart } from "../../api/whyApart";
import { eventIdIn } from "./components";
import { COMPARED } from "./marks";
import { Said } from "./Tree";
import styles from "./why.module.css";

export function Compare({ eventId }: { eventId: string }) {
  const [params, write] = useParamsNow();
  const other = eventIdIn(params.get(COMPARED) ?? "");
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState(false);
  const id = useId();
  const set = (next: string) =>
    write(
      (now) => {
        if (next === "") now.delete(COMPARED);
        else now.set(COMPARED, next);
        return now;
      },
      { preventScrollReset: true },
    );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const found = eventIdIn(text);
    setWrong(found === "");
    if (found === "") return;
    set(found);
    setText("");
  };
  return (
    <div className={styles.compare}>
      <form onSubmit={submit} className={styles.ask}>
        <label htmlFor={id}>Why is another event not in this issue?</label>
        <span className={styles.askRow}>
          <input
            id={id}
            value={text}
            placeholder="Its id, or the address of its page"
            autoComplete="off"
            spellCheck={false}
            aria-invalid={wrong || undefined}
            aria-describedby={wrong ? `${id}-wrong` : undefined}
            onChange={(event) => (setText(event.target.value), setWrong(false))}
          />
          <Button type="submit" variant="outlined" disabled={text.trim() === ""}>
            Compare
          </Button>
        </span>
        {wrong && (
          <span id={`${id}-wrong`} role="alert" className={styles.wrong}>
            An event&rsquo;s id has 32 digits from 0 to f. “Copy” above each event&rsquo;s stack has it.
          </span>
        )}
      </form>
      {other !== "" && <Apart first={eventId} second={other} close={() => set("")} />}
    </div>
  );
}

function Apart({ first, second, close }: { first: string; second: string; close: () => void }) {
  const query = useWhyApart(first, second);
  const place = useRef<HTMLElement>(null);
  // A link to the comparison may stand anywhere on the page.
  useEffect(() => {
    place.current?.scrollIntoView({ block: "nearest" });
  }, [second]);
  return (
    <section ref={place} className={styles.apart} aria-label="Compared with another event">
      {query.isPending && <Skeleton height={120} width="100%" />}
      {query.isError && <Failed error={query.error} retry={() => void query.refetch()} />}
      {query.data?.first && query.data.second && (
        <Verdict answer={query.data} first={query.data.first} second={query.data.second} />
      )}
      <Button variant="text" size="small" onClick={close} sx={{ alignSelf: "flex-start" }}>
        Close the comparison
      </Button>
    </section>
  );
}

/** A line: the page around it is there, and what was pasted can be mended. */
function Failed({ error, retry }: { error: unknown; retry: () => void }) {
  const { reason, passing, id } = failureOf(error);
  return (
    <div className={styles.failed} role="alert">
      <span>Not compared: {reason}.</span>
      {passing && (
        <>
          <Button variant="outlined" onClick={retry}>
            Try again
          </Button>
          <ErrorId id={id} />
        </>
      )}
    </div>
  );
}

interface VerdictProps {
  answer: WhyApartResponse;
  first: GroupingExplanation;
  second: GroupingExplanation;
}

/** What grouping says of the two, and what people made of it. */
export function verdictOf({ answer, first, second }: VerdictProps): string {
  const isOneIssue = first.event?.issueId === second.event?.issueId;
  if (first.event?.id === second.event?.id) return "That is this very event.";
  if (first.event?.projectId !== second.event?.projectId)
    return "They are of two projects, which never share an issue.";
  if (!answer.difference) {
    return isOneIssue
      ? "They are in one issue: nothing that counts is different."
      : "Nothing that counts is different, yet they are in two issues: somebody keeps them apart, or grouping was another when one of them came.";
  }
  const where = answer.difference.path.join(" › ");
  const differ = where === "" ? "They differ in what they are grouped by" : `They first differ in ${where}`;
  return isOneIssue ? `${differ}, but somebody merged the two into one issue.` : `${differ}.`;
}

function Verdict({ answer, first, second }: VerdictProps) {
  const { difference } = answer;
  return (
    <>
      <p className={styles.verdict} role="status">
        {verdictOf({ answer, first, second })}
      </p>
      {first.event?.id !== second.event?.id && (
        <div className={styles.sides}>
          <Side title="This event" event={first} component={difference?.first} differs={difference !== undefined} />
          <Side
            title="The other"
            event={second}
            component={difference?.second}
            differs={difference !== undefined}
            linked
          />
        </div>
      )}
    </>
  );
}

interface SideProps {
  title: string;
  event: GroupingExplanation;
  /** What it has where the two differ. */
  component: GroupingComponent | undefined;
  differs: boolean;
  linked?: boolean;
}

function Side({ title, event, component, differs, linked = false }: SideProps) {
  const { id = "", issueId = "" } = event.event ?? {};
  return (
    <div className={styles.side}>
      <h3>
        {title}{" "}
        {linked ? <Link to={`/issues/${issueId}/events/${id}`}>{id.slice(0, 8)}</Link> : <code>{id.slice(0, 8)}</code>}
      </h3>
      <p>
        <EventText text={event.title} />
      </p>
      {differs &&
        (component ? <Said component={component} counts /> : <p className={styles.nothing}>has nothing there</p>)}
    </div>
  );
}
