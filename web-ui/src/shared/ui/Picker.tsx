// A choice from a list that may be long, fetched when the first one is opened.
import Button from "@mui/material/Button";
import { type ReactNode, Suspense, useState } from "react";
import { lazyPart } from "../load/parts";
import type { Choice } from "./choices";
import { Icon } from "./Icon";
import styles from "./ui.module.css";

const PickList = lazyPart("PickList", async () => (await import("./PickList")).PickList);

export interface PickerProps {
  anchor: HTMLElement;
  /** What is chosen: "Environment". */
  label: string;
  choices: readonly Choice[];
  onPick: (choice: Choice) => void;
  /** Where one may be added to those that are chosen: by its box, or Ctrl-Enter. */
  onAdd?: (choice: Choice) => void;
  onClose: () => void;
  /** Said below the list. */
  note?: string;
}

export function Picker({ anchor, ...rest }: Omit<PickerProps, "anchor"> & { anchor: HTMLElement | null }) {
  return (
    anchor && (
      <Suspense fallback={null}>
        <PickList anchor={anchor} {...rest} />
      </Suspense>
    )
  );
}

interface PickerButtonProps extends Omit<PickerProps, "anchor" | "onClose"> {
  /** What is on the button: the value, or what it is for. */
  text: ReactNode;
  /** Of the button; else the label. */
  name?: string;
  variant?: "outlined" | "text";
}

/** A button that opens one. */
export function PickerButton({ text, name, variant = "outlined", label, ...rest }: PickerButtonProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <Button
        variant={variant}
        color="inherit"
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        onClick={(event) => setAnchor(event.currentTarget)}
        endIcon={<Icon name="chevronDown" size={14} />}
        sx={{ "& .MuiButton-endIcon": { marginLeft: "4px", opacity: 0.7 }, whiteSpace: "nowrap" }}
      >
        <span className={styles.hidden}>{name ?? label}: </span>
        {text}
      </Button>
      <Picker anchor={anchor} label={label} onClose={() => setAnchor(null)} {...rest} />
    </>
  );
}
