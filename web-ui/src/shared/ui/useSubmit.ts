import { useRef } from "react";

/** For a form's `onSubmit` or a button: sends one at a time. A second press may come before the first is drawn, and a disabled button with it. What failed is the mutation's to tell. */
export function useSubmit(send: () => Promise<unknown>): (event?: { preventDefault: () => void }) => void {
  const busy = useRef(false);
  return (event) => {
    event?.preventDefault();
    if (busy.current) return;
    busy.current = true;
    void send()
      .catch(() => undefined)
      .finally(() => (busy.current = false));
  };
}
