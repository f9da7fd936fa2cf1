// The notices at the bottom: what was done, with the way back, and what failed,
// with another try. The way back is a key as well: `z`, or Ctrl-Z.
import Button from "@mui/material/Button";
import IconButton from "@mui/material/IconButton";
import { useEffect, useState, useSyncExternalStore } from "react";
import { isTyping } from "@/shared/keys/isTyping";
import { type Notice, useNotices } from "@/shared/state/notices";
import { Kbd } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { router } from "./router";
import { useCopy } from "@/shared/ui/useCopy";
import styles from "./notices.module.css";

/** Long enough to read and to reach for "Undo". */
const SHOWN_MS = 8000;

const usePath = () =>
  useSyncExternalStore(
    (listener) => router.subscribe(listener),
    () => router.state.location.pathname,
  );

/** `z` alone takes back only while a notice offers it: a key that strays into the page must not change what was done long ago. */
function useUndoKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (
        event.defaultPrevented ||
        event.isComposing ||
        event.altKey ||
        event.shiftKey ||
        event.key.toLowerCase() !== "z" ||
        isTyping(event.target)
      )
        return;
      if (document.querySelector('[role="dialog"],[role="menu"]')) return;
      const { shown, undos, undo } = useNotices.getState();
      const chord = event.ctrlKey || event.metaKey;
      const row = document.activeElement?.closest("[data-selected]");
      if (undos.length === 0 || (!chord && !row && !shown.some((notice) => notice.undo))) return;
      event.preventDefault();
      undo();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

export function NoticeBar() {
  const { shown, dismiss } = useNotices();
  const [held, setHeld] = useState(false);
  const signedOut = usePath() === "/sign-in";
  useUndoKeys();
  return (
    <section
      className={styles.notices}
      aria-label="Notices"
      aria-live="polite"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {shown.map((notice) => (
        <Line key={notice.id} notice={notice} held={held} signedOut={signedOut} onDismiss={() => dismiss(notice.id)} />
      ))}
    </section>
  );
}

function Line({
  notice,
  held,
  signedOut,
  onDismiss,
}: {
  notice: Notice;
  held: boolean;
  signedOut: boolean;
  onDismiss: () => void;
}) {
  const undo = useNotices((state) => state.undo);
  const copy = useCopy();
  useEffect(() => {
    if (held || notice.failed) return;
    const timer = setTimeout(onDismiss, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, notice, onDismiss]);
  const retry = () => {
    onDismiss();
    notice.retry?.();
  };
  return (
    <div className={styles.notice} data-failed={notice.failed}>
      <span>
        {notice.text}
        {signedOut && notice.retry && " You can try again after signing in."}
      </span>
      {notice.errorId && !signedOut && (
        <Button
          className={styles.action}
          data-tip={`Error id ${notice.errorId}: the server's log has what happened under it. Press to copy it.`}
          onClick={() => copy(notice.errorId ?? "", "Error id")}
        >
          Id {notice.errorId.slice(0, 8)}
        </Button>
      )}
      {notice.undo && !signedOut && (
        <Button className={styles.action} onClick={() => undo(notice.id)}>
          Undo <Kbd>z</Kbd>
        </Button>
      )}
      {notice.retry && !signedOut && (
        <Button className={styles.action} onClick={retry}>
          Retry
        </Button>
      )}
      <IconButton className={styles.action} size="small" aria-label="Dismiss" onClick={onDismiss}>
        <Icon name="close" size={14} />
      </IconButton>
    </div>
  );
}
