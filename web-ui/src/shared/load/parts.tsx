// Pages and parts of pages whose code is fetched when they are opened.
import Button from "@mui/material/Button";
import { type ComponentType, lazy, useCallback, useEffect, useState } from "react";
import { EmptyState } from "../ui/states";
import { loadChunk, type Outlook, recover, retryChunk } from "./chunk";
import { useOnline, useRetryCountdown } from "./online";

/** Shown in place of code that is not there. Heals by itself where that can help. */
export function MissingPart({ name, error, page = false }: { name: string; error: unknown; page?: boolean }) {
  const online = useOnline();
  const [outlook, setOutlook] = useState<Outlook | null>(null);
  const look = useCallback(() => void recover(name).then(setOutlook), [name]);
  useEffect(look, [look, online]);
  const left = useRetryCountdown(look, outlook === "away");
  if (!online || outlook === "offline") {
    return (
      <EmptyState page={page} icon="globe" title="You are offline">
        This part has not been fetched yet. It appears as soon as the network is back.
      </EmptyState>
    );
  }
  if (outlook === null || outlook === "reloading")
    return <div role="status" aria-label="Loading" style={{ minHeight: 240 }} />;
  const again = (
    <Button variant="outlined" onClick={() => void retryChunk().then(setOutlook)}>
      Retry
    </Button>
  );
  if (outlook === "away") {
    return (
      <EmptyState page={page} icon="warning" title="The server does not answer" actions={again}>
        It may be restarting. {left === null ? "Trying again now." : `The next try is in ${left} s.`}
      </EmptyState>
    );
  }
  return (
    <EmptyState page={page} icon="warning" title="This part could not be loaded" actions={again}>
      Its code is not on the server: probably a new version was installed while this page was open, and is not complete
      yet. ({error instanceof Error ? error.message : "no reason was given"})
    </EmptyState>
  );
}

const missing =
  (name: string, error: unknown, page = false) =>
  () => <MissingPart name={name} error={error} page={page} />;

/** For a route's `lazy`: never fails, so that the frame stays and says what happened. */
export const lazyPage = (name: string, load: () => Promise<ComponentType>) => async () => {
  const chunk = await loadChunk(name, load);
  return { Component: chunk.kind === "loaded" ? chunk.value : missing(name, chunk.error, true) };
};

/** What a page is whole without: nothing stands in its place while its code is not there. */
export const lazyExtra = (name: string, load: () => Promise<ComponentType>) =>
  lazy(async (): Promise<{ default: ComponentType }> => {
    const chunk = await loadChunk(name, load);
    return { default: chunk.kind === "loaded" ? chunk.value : () => null };
  });

/** Like React's `lazy`, for a part within a page. */
export const lazyPart = <Props extends object>(name: string, load: () => Promise<ComponentType<Props>>) =>
  lazy(async (): Promise<{ default: ComponentType<Props> }> => {
    const chunk = await loadChunk(name, load);
    return { default: chunk.kind === "loaded" ? chunk.value : missing(name, chunk.error) };
  });
