// Asks before unsaved changes are lost: on the way to another page, and when the tab is
// closed or reloaded.
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import { useEffect } from "react";
import { useBlocker } from "react-router";
import styles from "./settings.module.css";

export function LeaveGuard({ changed, what }: { changed: boolean; what: string }) {
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => changed && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [changed]);
  if (blocker.state !== "blocked") return null;
  return (
    <Dialog open onClose={() => blocker.reset()} aria-labelledby="leave" fullWidth maxWidth="xs">
      <div className={styles.leave}>
        <h2 id="leave">Leave without saving?</h2>
        <p>Your changes of {what} are not saved yet.</p>
        <div>
          <Button variant="text" onClick={() => blocker.proceed()}>
            Leave
          </Button>
          <Button variant="contained" autoFocus onClick={() => blocker.reset()}>
            Stay
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
