// What came beside the event: the files of this event, and what people wrote about
// any event of the issue.
import { Link } from "react-router";
import type { Attachment } from "@/gen/errata/v1/event_read_pb";
import { FileList } from "@/shared/files/FileList";
import { plural } from "@/shared/format/count";
import { FeedbackItem } from "@/shared/ui/FeedbackItem";
import ui from "@/shared/ui/ui.module.css";
import { useIssueFeedback } from "../api/listFeedback";
import { Section } from "./Section";

export function Reported({ issueId, eventId, files }: { issueId: string; eventId: string; files: Attachment[] }) {
  return (
    <>
      <IssueFeedback issueId={issueId} eventId={eventId} />
      <Attachments eventId={eventId} files={files} />
    </>
  );
}

function Attachments({ eventId, files }: { eventId: string; files: Attachment[] }) {
  if (files.length === 0) return null;
  return (
    <Section title="Attachments" note={plural(files.length, "file")}>
      <FileList ownerId={eventId} files={files} />
    </Section>
  );
}

function IssueFeedback({ issueId, eventId }: { issueId: string; eventId: string }) {
  const query = useIssueFeedback(issueId);
  const feedback = query.data?.feedback ?? [];
  if (feedback.length === 0) return null;
  return (
    <Section title="Feedback" note={plural(feedback.length, "report")}>
      <ul className={ui.feedbackList}>
        {feedback.map((each) => (
          <FeedbackItem
            key={each.id}
            feedback={each}
            links={
              each.eventId === eventId ? (
                <span>about this event</span>
              ) : (
                <Link to={`/issues/${issueId}/events/${each.eventId}`}>Open its event</Link>
              )
            }
          />
        ))}
      </ul>
    </Section>
  );
}
