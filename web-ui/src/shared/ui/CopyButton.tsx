// Copies a text and says so for a moment.
import IconButton from "@mui/material/IconButton";
import { useEffect, useState } from "react";
import { useNotices } from "@/shared/state/notices";
import { Icon } from "./Icon";

const SAID_MS = 1600;

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  const show = useNotices((state) => state.show);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // Only a secure origin may write to the clipboard; over plain HTTP on a
      // host name it may not.
      show("Copying is not allowed here. Select the text and press Ctrl+C.");
    }
  };
  return (
    <IconButton size="small" aria-label={copied ? "Copied" : `Copy ${what}`} data-tip={`Copy ${what}`} onClick={() => void copy()}>
      <Icon name={copied ? "check" : "copy"} size={14} />
    </IconButton>
  );
}
