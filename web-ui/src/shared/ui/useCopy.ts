// Puts a text on the clipboard and says so.
import { useNotices } from "@/shared/state/notices";

/** Whether it was allowed: only a secure origin may write to the clipboard. */
export async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** `what`: with a capital ("Link to the issue"). */
export function useCopy(): (text: string, what: string) => void {
  const show = useNotices((state) => state.show);
  return (text, what) =>
    void toClipboard(text).then((done) =>
      show(done ? `${what} copied` : "Copying is not allowed here: the browser needs HTTPS for it."),
    );
}
