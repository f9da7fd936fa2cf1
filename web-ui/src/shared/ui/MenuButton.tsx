// A button that opens a menu of choices.
import Button from "@mui/material/Button";
import { Menu } from "./Menu";
import { type ReactNode, useState } from "react";
import { Icon } from "./Icon";
import styles from "./ui.module.css";

interface MenuButtonProps {
  /** What the text is a value of ("Sort"); read before it, or instead of it if it holds it. */
  label: string;
  text: ReactNode;
  variant?: "outlined" | "text";
  disabled?: boolean;
  /** The menu's items; call `close` when one is chosen. */
  children: (close: () => void) => ReactNode;
}

export function MenuButton({ label, text, variant = "outlined", disabled = false, children }: MenuButtonProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const close = () => setAnchor(null);
  // Who speaks to the page says what is written on the button: the name must hold it.
  const holds = typeof text === "string" && label.toLowerCase().includes(text.toLowerCase());
  return (
    <>
      <Button
        variant={variant}
        color="inherit"
        disabled={disabled}
        aria-label={holds ? label : undefined}
        aria-haspopup="menu"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
        endIcon={<Icon name="chevronDown" size={14} />}
        sx={{ "& .MuiButton-endIcon": { marginLeft: "4px", opacity: 0.7 }, whiteSpace: "nowrap" }}
      >
        {!holds && <span className={styles.hidden}>{label}: </span>}
        {text}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={close}>
        {anchor && children(close)}
      </Menu>
    </>
  );
}
