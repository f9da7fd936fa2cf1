// What a person wrote: who, when, where, and the files they sent along.
import { type ReactNode } from "react";
import type { Feedback } from "@/gen/errata/v1/project_pb";
import { FileList } from "@/shared/files/FileList";
import { Avatar, RelativeTime } from "./bits";
import styles from "./ui.module.css";

export function FeedbackItem({ feedback, links }: { feedback: Feedback; links?: ReactNode }) {
  const who = feedback.name || feedback.email || "Someone";
  return (
    <li className={styles.feedback}>
      <Avatar member={{ name: feedback.name, email: feedback.email || who }} size={24} />
      <div>
        <p className={styles.feedbackHead}>
          <b>{who}</b>
          {feedback.email && feedback.email !== who && (
            <a href={`mailto:${encodeURIComponent(feedback.email).replace("%40", "@")}`}>{feedback.email}</a>
          )}
          <span>
            <RelativeTime time={feedback.receivedAt} suffix=" ago" />
          </span>
        </p>
        <p className={styles.feedbackText}>{feedback.message}</p>
        <p className={styles.feedbackFoot}>
          {links}
          {feedback.url && <span className={styles.feedbackPage}>on {feedback.url}</span>}
          {feedback.release && <span>{feedback.release}</span>}
          {feedback.environment && <span>{feedback.environment}</span>}
        </p>
        {feedback.attachments.length > 0 && <FileList ownerId={feedback.id} files={feedback.attachments} />}
      </div>
    </li>
  );
}
