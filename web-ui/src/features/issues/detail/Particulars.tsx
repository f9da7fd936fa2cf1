// The rest of an event: user, request, contexts, extra, packages, raw JSON.
import type { JsonObject } from "@bufbuild/protobuf";
import Button from "@mui/material/Button";
import { useState } from "react";
import type { EventDetail } from "@/gen/errata/v1/event_read_pb";
import { plural } from "@/shared/format/count";
import { visible } from "@/shared/format/controls";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { CopyButton } from "@/shared/ui/CopyButton";
import { EventText } from "@/shared/ui/EventText";
import { JsonView } from "@/shared/ui/JsonView";
import { humanised } from "./contexts";
import { headerPairs } from "./copies";
import { Section } from "./Section";
import styles from "./detail.module.css";

interface PairsProps {
  entries: readonly (readonly [string, unknown])[];
  /** Where they are in the event's JSON, for copying: "request.headers". Unset: nowhere. */
  path?: string;
}

export function Pairs({ entries, path }: PairsProps) {
  return (
    <dl className={styles.pairs}>
      {entries.map(([key, value], index) => (
        <div key={`${key} ${index}`}>
          <dt data-tip={path === undefined ? undefined : jsonPath(path, key)}>
            <EventText text={key} />
          </dt>
          <dd className={styles.valueRow}>
            <JsonView value={value} />
            <CopyButton
              text={typeof value === "string" ? value : JSON.stringify(value)}
              what={visible(key)}
              {...(path === undefined ? {} : { also: { text: jsonPath(path, key), what: "JSON path" } })}
            />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Of a member of the stored event: `request.headers["X-Trace"]`. */
export const jsonPath = (path: string, key: string): string =>
  /^[A-Za-z_]\w*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function Request({ request }: { request: JsonObject }) {
  const { method, url, headers, query_string: query, cookies, data, env, ...rest } = request;
  const pairs = headerPairs(headers);
  const parts: [string, unknown][] = [];
  if (query !== undefined && query !== "" && query !== null) parts.push(["query", query]);
  if (data !== undefined && data !== null && data !== "") parts.push(["body", data]);
  if (cookies !== undefined && cookies !== null && cookies !== "") parts.push(["cookies", cookies]);
  if (env !== undefined) parts.push(["env", env]);
  return (
    <Section title="Request">
      {typeof url === "string" && (
        <p className={styles.requestLine}>
          {typeof method === "string" && method !== "" && <b>{method}</b>} <EventText text={url} />
        </p>
      )}
      {(parts.length > 0 || Object.keys(rest).length > 0) && (
        <Pairs entries={[...parts, ...Object.entries(rest)]} path="request" />
      )}
      {pairs.length > 0 && (
        <>
          <h3 className={styles.sub}>Headers</h3>
          <Pairs entries={pairs} path="request.headers" />
        </>
      )}
    </Section>
  );
}

export function Contexts({ contexts }: { contexts: JsonObject }) {
  const groups = Object.entries(contexts).filter(([, value]) => isObject(value) && humanised(value).length > 0);
  const loose = Object.entries(contexts).filter(([, value]) => !isObject(value));
  if (groups.length + loose.length === 0) return null;
  return (
    <Section title="Contexts">
      <div className={styles.contexts}>
        {groups.map(([name, value]) => (
          <div key={name}>
            <h3 className={styles.sub}>
              <EventText text={name} />
            </h3>
            <Pairs entries={isObject(value) ? humanised(value) : []} path={jsonPath("contexts", name)} />
          </div>
        ))}
      </div>
      {loose.length > 0 && <Pairs entries={loose} path="contexts" />}
    </Section>
  );
}

export function Extra({ detail }: { detail: EventDetail }) {
  const entries = Object.entries(detail.extra ?? {});
  if (entries.length === 0) return null;
  return (
    <Section title="Extra">
      <Pairs entries={entries} path="extra" />
    </Section>
  );
}

export function Sender({ detail }: { detail: EventDetail }) {
  const sdk = detail.sdk ?? {};
  const word = (value: unknown) => (typeof value === "string" ? value : "");
  const entries = (
    [
      ["sdk", [word(sdk["name"]), word(sdk["version"])].filter(Boolean).join(" ")],
      ["server", detail.serverName],
      ["transaction", detail.transaction],
      ["logger", detail.logger],
      ["dist", detail.dist],
      ["fingerprint", detail.fingerprint.join(", ")],
    ] as const
  ).filter(([, value]) => value !== "");
  const modules = Object.entries(detail.modules).sort(([a], [b]) => a.localeCompare(b));
  if (entries.length + modules.length === 0) return null;
  return (
    <Section title="Sender" fold="closed" note={modules.length > 0 ? `${modules.length} packages` : ""}>
      <Pairs entries={entries} />
      {modules.length > 0 && (
        <>
          <h3 className={styles.sub}>Packages</h3>
          <p className={styles.modules}>
            {modules.map(([name, version]) => (
              <span key={name}>
                {name} <b>{version}</b>
              </span>
            ))}
          </p>
        </>
      )}
    </Section>
  );
}

/** A larger document slows the page down; it can be asked for. */
const RAW_MAX_BYTES = 200_000;

export function Raw({ json }: { json: string }) {
  const [whole, setWhole] = useState(false);
  if (json === "") return null;
  const pretty = format(json);
  const cut = !whole && pretty.length > RAW_MAX_BYTES;
  const masked = maskedIn(json);
  return (
    <Section
      title="Raw JSON"
      fold="closed"
      note={`${Math.max(1, Math.round(json.length / 1000))} kB${masked.count > 0 ? ` · ${plural(masked.count, "field")} masked` : ""}`}
    >
      {masked.count > 0 && <p className={styles.modules}>Masked before it was stored: {masked.paths.join(", ")}</p>}
      <CodeBlock text={cut ? pretty.slice(0, RAW_MAX_BYTES) : pretty} what="raw JSON" />
      {cut && (
        <Button variant="text" onClick={() => setWhole(true)}>
          Show the whole document
        </Button>
      )}
    </Section>
  );
}

/** What the scrub of secrets says about itself in the stored event. */
function maskedIn(json: string): { count: number; paths: string[] } {
  try {
    const event = JSON.parse(json) as { scrubbed?: string[]; scrubbed_count?: number };
    const paths = event.scrubbed ?? [];
    return { count: event.scrubbed_count ?? paths.length, paths };
  } catch {
    return { count: 0, paths: [] };
  }
}

function format(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
