// A button that opens a menu of choices.
import Button from "@mui/material/Button";
import Menu from "@mui/material/Menu";
import { type ReactNode, useState } from "react";
import { Icon } from "./Icon";

interface MenuButtonProps {
  /** The accessible name, when the text is only the value. */
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
  return (
    <>
      <Button variant={variant} color="inherit" disabled={disabled} aria-label={label} aria-haspopup="menu" aria-expanded={anchor !== null} onClick={(event) => setAnchor(event.currentTarget)} endIcon={<Icon name="chevronDown" size={14} />} sx={{ "& .MuiButton-endIcon": { marginLeft: "4px", opacity: 0.7 }, whiteSpace: "nowrap" }}>
        {text}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={close}>
        {anchor && children(close)}
      </Menu>
    </>
  );
}
