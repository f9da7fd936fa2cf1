// Files of an event or of feedback: name, type, size; shown in place where that is
// safe, else to be saved.
import { useEffect, useId, useState } from "react";
import type { Attachment } from "@/gen/errata/v1/event_read_pb";
import { size } from "@/shared/format/size";
import styles from "./files.module.css";
import { imageType, previewKind } from "./preview";

const KINDS: Record<string, string> = {
  "event.minidump": "Minidump",
  "event.applecrashreport": "Apple crash report",
  "event.view_hierarchy": "View hierarchy",
  "unreal.context": "Unreal context",
  "unreal.logs": "Unreal log",
};

export function FileList({ ownerId, files }: { ownerId: string; files: Attachment[] }) {
  return (
    <ul className={styles.list}>
      {files.map((file) => (
        <FileRow key={file.number} file={file} address={`/api/errors/${ownerId}/attachments/${file.number}`} />
      ))}
    </ul>
  );
}

function FileRow({ file, address }: { file: Attachment; address: string }) {
  const [open, setOpen] = useState(false);
  const shownId = useId();
  const kind = previewKind(file);
  return (
    <li>
      <div className={styles.row}>
        <span className={styles.name}>
          <b>{file.name}</b>
          <small>{KINDS[file.attachmentType] ?? (file.contentType || "unknown type")}</small>
        </span>
        <span className={styles.size}>{size(file.sizeBytes)}</span>
        {kind !== "none" && (
          <button
            type="button"
            className={styles.action}
            aria-expanded={open}
            aria-controls={shownId}
            aria-label={`${open ? "Hide" : "Show"} ${file.name}`}
            onClick={() => setOpen(!open)}
          >
            {open ? "Hide" : "Show"}
          </button>
        )}
        <a className={styles.action} href={address} download={file.name} aria-label={`Download ${file.name}`}>
          Download
        </a>
      </div>
      {open && (
        <div id={shownId} className={styles.shown}>
          <Preview file={file} address={address} />
        </div>
      )}
    </li>
  );
}

type Shown =
  | { state: "loading" }
  | { state: "failed"; why: string }
  | { state: "text"; text: string }
  | { state: "image"; url: string };

function Preview({ file, address }: { file: Attachment; address: string }) {
  const [shown, setShown] = useState<Shown>({ state: "loading" });
  const type = imageType(file);
  useEffect(() => {
    const control = new AbortController();
    let url = "";
    const load = async () => {
      const response = await fetch(address, { credentials: "include", signal: control.signal });
      if (!response.ok)
        throw new Error(
          response.status === 404 ? "This file is no longer kept." : `The server answered ${response.status}.`,
        );
      if (!type) {
        const text = await response.text();
        setShown({ state: "text", text });
        return;
      }
      // The type is one of ours, not the sender's.
      url = URL.createObjectURL(new Blob([await response.arrayBuffer()], { type }));
      setShown({ state: "image", url });
    };
    load().catch((cause: unknown) => {
      if (!control.signal.aborted)
        setShown({ state: "failed", why: cause instanceof Error ? cause.message : "The file could not be loaded." });
    });
    return () => {
      control.abort();
      if (url) URL.revokeObjectURL(url);
    };
  }, [address, type]);
  switch (shown.state) {
    case "loading":
      return <p className={styles.state}>Loading…</p>;
    case "failed":
      return (
        <p className={styles.state} data-bad="true" role="alert">
          {shown.why}
        </p>
      );
    case "text":
      return (
        <pre className={styles.text} tabIndex={0}>
          {shown.text}
        </pre>
      );
    case "image":
      return (
        <img
          className={styles.image}
          src={shown.url}
          alt={file.name}
          onError={() => setShown({ state: "failed", why: "This is no picture that the browser can show." })}
        />
      );
  }
}
