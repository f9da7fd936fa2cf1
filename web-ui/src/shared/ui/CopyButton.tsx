// Copies a text and says so for a moment.
import IconButton from "@mui/material/IconButton";
import { useEffect, useState } from "react";
import { useNotices } from "@/shared/state/notices";
import { Icon } from "./Icon";
import { toClipboard } from "./useCopy";

const SAID_MS = 1600;

interface CopyButtonProps {
  text: string;
  what: string;
  /** What Shift copies instead. */
  also?: { text: string; what: string };
}

export function CopyButton({ text, what, also }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  const show = useNotices((state) => state.show);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async (shift: boolean) => {
    if (await toClipboard(shift && also ? also.text : text)) setCopied(true);
    else show("Copying is not allowed here. Select the text and press Ctrl+C.");
  };
  return (
    <IconButton
      size="small"
      aria-label={copied ? "Copied" : `Copy ${what}`}
      data-tip={also ? `Copy ${what}; with Shift the ${also.what}: ${also.text}` : `Copy ${what}`}
      onClick={(event) => void copy(event.shiftKey)}
    >
      <Icon name={copied ? "check" : "copy"} size={14} />
    </IconButton>
  );
}
