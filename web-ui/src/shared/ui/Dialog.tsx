// MUI's dialog, fetched when the first one is opened, as menus are.
import type { DialogProps } from "@mui/material/Dialog";
import { Suspense, useState } from "react";
import { lazyPart } from "../load/parts";

const MuiDialog = lazyPart("Dialog", async () => (await import("@mui/material/Dialog")).default);

export function Dialog(props: DialogProps) {
  const [used, setUsed] = useState(props.open);
  if (props.open && !used) setUsed(true);
  return used ? (
    <Suspense fallback={null}>
      <MuiDialog {...props} />
    </Suspense>
  ) : null;
}
