// The notice at the bottom: what was done, and the way back.
import Button from "@mui/material/Button";
import Snackbar from "@mui/material/Snackbar";
import { useNotices } from "@/shared/state/notices";

/** Long enough to read and to reach for "Undo". */
const SHOWN_MS = 7000;

export function NoticeBar() {
  const { notice, dismiss } = useNotices();
  return (
    <Snackbar
      key={notice?.id}
      open={notice !== null}
      autoHideDuration={SHOWN_MS}
      onClose={(_, reason) => {
        if (reason !== "clickaway") dismiss();
      }}
      message={notice?.text}
      sx={{ bottom: { xs: 72, sm: 24 } }}
      action={
        notice?.undo && (
          <Button
            sx={{ color: "inherit", fontWeight: 650, textDecoration: "underline", textUnderlineOffset: 3, "&:hover": { color: "inherit", background: "rgb(128 128 128 / 25%)" } }}
            onClick={() => {
              dismiss();
              notice.undo?.();
            }}
          >
            Undo
          </Button>
        )
      }
    />
  );
}
