// What people wrote to this project, newest first; nothing while nobody has.
import Button from "@mui/material/Button";
import { Link } from "react-router";
import { FeedbackItem } from "@/shared/ui/FeedbackItem";
import { ErrorState } from "@/shared/ui/states";
import ui from "@/shared/ui/ui.module.css";
import { useProjectFeedback } from "./api/listFeedback";
import styles from "./projects.module.css";

export function ProjectFeedback({ projectId }: { projectId: number }) {
  const query = useProjectFeedback(projectId);
  const feedback = query.data?.pages.flatMap((page) => page.feedback) ?? [];
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  if (feedback.length === 0) return null;
  return (
    <section aria-label="User feedback" className={styles.section}>
      <h2>User feedback</h2>
      <p className={styles.lead}>What people wrote in your application&apos;s report dialog or feedback form.</p>
      <ul className={ui.feedbackList}>
        {feedback.map((each) => (
          <FeedbackItem
            key={each.id}
            feedback={each}
            links={
              each.issueId ? (
                <Link to={`/issues/${each.issueId}/events/${each.eventId}`}>Open the error</Link>
              ) : each.eventId ? (
                <span>its error is not kept</span>
              ) : null
            }
          />
        ))}
      </ul>
      {query.hasNextPage && (
        <Button variant="outlined" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Show older
        </Button>
      )}
    </section>
  );
}
