// MUI's menu, fetched when the first one is opened: no page needs it to be read.
import type { MenuProps } from "@mui/material/Menu";
import { Suspense, useState } from "react";
import { lazyPart } from "../load/parts";

const MuiMenu = lazyPart("Menu", async () => (await import("@mui/material/Menu")).default);

export function Menu(props: MenuProps) {
  const [used, setUsed] = useState(props.open);
  if (props.open && !used) setUsed(true);
  // Once opened it stays, so that it can fade out and give the focus back.
  return used ? (
    <Suspense fallback={null}>
      <MuiMenu {...props} />
    </Suspense>
  ) : null;
}
