// MUI's menu, fetched when the first one is opened: no page needs it to be read.
import type { MenuProps } from "@mui/material/Menu";
import { type ReactNode, Suspense, useState } from "react";
import { lazyPart } from "../load/parts";
import styles from "./ui.module.css";

const MuiMenu = lazyPart("Menu", async () => (await import("@mui/material/Menu")).default);

/** Menus belong to the page's content; outside of every landmark they would be nowhere. */
export const landmark = () => document.getElementById("main") ?? document.body;

export function Menu(props: MenuProps) {
  const [used, setUsed] = useState(props.open);
  if (props.open && !used) setUsed(true);
  // Once opened it stays, so that it can fade out and give the focus back.
  return used ? (
    <Suspense fallback={null}>
      <MuiMenu container={landmark} {...props} />
    </Suspense>
  ) : null;
}

/** Words between the items of a menu. It is no item: the keys pass over it. */
export function MenuHead({ children }: { children: ReactNode }) {
  return (
    <li role="presentation" className={styles.menuHead}>
      {children}
    </li>
  );
}
MenuHead.muiSkipListHighlight = true;
