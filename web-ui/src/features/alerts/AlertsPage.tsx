// Whether mail goes out, to whom, and what became of each one.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { Link } from "react-router";
import { DeliveryState, Role, type RecordDeliveryRequest } from "@/gen/errata/v1/command_pb";
import { MemberStatus } from "@/gen/errata/v1/project_pb";
import { useViewer } from "@/shared/api/getViewer";
import { useMembers } from "@/shared/api/listMembers";
import { failureOf } from "@/shared/format/failure";
import { sentence } from "@/shared/format/sentence";
import { plural } from "@/shared/format/count";
import { PageHead, Pill, RelativeTime } from "@/shared/ui/bits";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Icon } from "@/shared/ui/Icon";
import { ErrorId } from "@/shared/ui/ErrorId";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { useDeliveries } from "./api/listDeliveries";
import { useSendTestMail } from "./api/sendTestMail";
import styles from "./alerts.module.css";

export function AlertsPage() {
  const viewer = useViewer().data;
  return (
    <div className={styles.page}>
      <PageHead title="Alerts" />
      {viewer ? (
        <Mail configured={viewer.mailConfigured} isOwner={viewer.viewer?.role === Role.OWNER} />
      ) : (
        <Skeleton height={72} width="100%" />
      )}
      <section className={styles.section} aria-label="Who is told, and when">
        <h2>Who is told, and when</h2>
        <Recipients />
      </section>
      <section className={styles.section} aria-label="Deliveries">
        <h2>Deliveries</h2>
        <Deliveries />
      </section>
    </div>
  );
}

function Mail({ configured, isOwner }: { configured: boolean; isOwner: boolean }) {
  const newest = useDeliveries().data?.find(
    (each) => each.state === DeliveryState.SENT || each.state === DeliveryState.FAILED || each.error !== "",
  );
  const failing = configured && newest !== undefined && newest.state !== DeliveryState.SENT;
  const state = !configured ? "off" : failing ? "failing" : "on";
  return (
    <section className={styles.mail} data-state={state} aria-label="Mail">
      <span className={styles.mark}>
        <Icon name={state === "on" ? "mail" : "warning"} size={18} />
      </span>
      <div className={styles.mailText}>
        <b>
          {state === "off"
            ? "Alerts are off: no mail server is set"
            : state === "failing"
              ? "Mail fails"
              : "Alerts go out by mail"}
        </b>
        {state === "off" && <span>Give the server one and restart it:</span>}
        {state === "failing" && <span>The mail server’s last answer: {sentence(newest?.error || "none")}</span>}
        {state === "on" && (
          <span>
            {newest ? (
              <>
                The last one <RelativeTime time={newest.at} suffix=" ago" />.
              </>
            ) : (
              "None was due yet."
            )}
          </span>
        )}
        {state === "off" && (
          <CodeBlock
            what="settings of the mail server"
            text={
              'ERRATA_SMTP__URL="smtp://user:password@mail.example.com:587?tls=required"\nERRATA_SMTP__FROM="Errata <errata@example.com>"'
            }
          />
        )}
        {configured && isOwner && <TestMail />}
      </div>
    </section>
  );
}

function TestMail() {
  const test = useSendTestMail();
  return (
    <div className={styles.test}>
      <Button variant="outlined" disabled={test.isPending} onClick={() => test.mutate()}>
        {test.isPending ? "Sending…" : "Send a test mail"}
      </Button>
      <span role="status" data-failed={test.isError || Boolean(test.data?.error)}>
        {test.isError && `Not sent: ${failureOf(test.error).reason}.`}
        {test.isError && <ErrorId id={failureOf(test.error).id} />}
        {test.data &&
          (test.data.error
            ? `Not sent: ${test.data.error}`
            : `Sent to ${test.data.to}. Look there, and among the junk.`)}
      </span>
    </div>
  );
}

function Recipients() {
  const members = useMembers();
  if (members.isPending) return <Skeleton height={40} width="100%" />;
  if (members.isError) return <ErrorState error={members.error} retry={() => void members.refetch()} />;
  const told = members.data.filter((member) => member.email !== "" && member.status !== MemberStatus.DISABLED);
  return (
    <p className={styles.lead}>
      A new issue, and a resolved one that came back, is mailed to every member once an hour at most:{" "}
      {told.length > 0 ? told.map((member) => member.email).join(", ") : "nobody has an address yet"}.{" "}
      <Link to="/settings/members">Members</Link>
    </p>
  );
}

const states: Record<DeliveryState, readonly [text: string, kind: "good" | "fail" | "quiet" | "plain"]> = {
  [DeliveryState.UNSPECIFIED]: ["Unknown", "quiet"],
  [DeliveryState.SENDING]: ["On its way", "plain"],
  [DeliveryState.SENT]: ["Sent", "good"],
  [DeliveryState.FAILED]: ["Failed", "fail"],
  [DeliveryState.SUPPRESSED]: ["Not sent", "quiet"],
  [DeliveryState.HELD]: ["Waits", "plain"],
};

const reasons: Record<string, string> = { new_issue: "New issue", regression: "Came back", digest: "Digest" };

function Deliveries() {
  const query = useDeliveries();
  if (query.isPending) return <Skeleton height={180} width="100%" />;
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  if (query.data.length === 0) {
    return (
      <EmptyState icon="mail" title="Nothing was due yet">
        Each mail is listed here with what became of it.
      </EmptyState>
    );
  }
  return (
    <ul className={styles.deliveries}>
      {query.data.map((delivery) => (
        <Delivery key={delivery.notificationId} delivery={delivery} />
      ))}
    </ul>
  );
}

function Delivery({ delivery }: { delivery: RecordDeliveryRequest }) {
  const [text, kind] = states[delivery.state];
  const addresses = delivery.target.split(",").length;
  return (
    <li>
      <Pill kind={kind}>{text}</Pill>
      <span className={styles.what}>
        <Link to={`/issues/${delivery.issueId}`}>{reasons[delivery.rule] ?? delivery.rule}</Link>
        <span data-tip={delivery.target}>
          to {addresses > 1 ? plural(addresses, "address", "addresses") : delivery.target}
        </span>
        {delivery.attempts > 1 && <span>{plural(delivery.attempts, "attempt")}</span>}
        {delivery.error && <span className={styles.why}>{sentence(delivery.error)}</span>}
      </span>
      <RelativeTime time={delivery.at} suffix=" ago" />
    </li>
  );
}
