import type { Filters } from "@/gen/errata/v1/settings_pb";
import { useNotices } from "@/shared/state/notices";
import { useSetFilters } from "./api/setFilters";
import { type FiltersDraft, filtersDraft, filtersOf } from "./draft";
import { Lines, Part, Save, Switch, useRefused } from "@/shared/ui/form";
import { useSubmit } from "@/shared/ui/useSubmit";
import styles from "./settings.module.css";

interface Props {
  projectId: number;
  saved: Filters | undefined;
  draft: FiltersDraft;
  onChange: (draft: FiltersDraft) => void;
}

const switches = [
  ["browserExtensions", "Browser extensions", "Errors that an extension of the visitor's browser threw or began."],
  ["crawlers", "Web crawlers", "Search engines and other robots, by their user agent."],
  ["localhost", "Localhost", "Pages and hosts of a developer's own machine."],
  ["noise", "Known noise", "“Script error.”, “ResizeObserver loop …” and the like."],
  ["chunkLoadErrors", "Lost chunks", "Parts of a page that a new deployment has taken away."],
  ["legacyBrowsers", "Old browsers", "Internet Explorer, Opera Mini, and browsers of 2018 and before."],
] as const;

const lists = [
  ["messages", "Messages", "TypeError: *out of cheese*", "“Type: value” of an exception, or the message."],
  ["releases", "Releases", "shop@1.*", "* is any characters, ? one; case does not matter."],
  ["environments", "Environments", "staging-*", "* is any characters, ? one; case does not matter."],
  ["userAgents", "User agents", "*uptime-probe*", "* is any characters, ? one; case does not matter."],
  ["ipRanges", "IP addresses", "192.0.2.0/24", "Addresses and networks, of the sender or the user."],
] as const;

/** As the server calls them. */
const FIELDS = {
  messages: "messages",
  releases: "releases",
  environments: "environments",
  userAgents: "user_agents",
  ipRanges: "ip_ranges",
} as const;

export function FiltersForm({ projectId, saved, draft, onChange }: Props) {
  const save = useSetFilters(projectId);
  const show = useNotices((state) => state.show);
  const refused = useRefused(save.error);
  const send = useSubmit(async () => {
    await save.mutateAsync(filtersOf(draft));
    show("Filters saved: they hold from the next event on");
  });
  const before = filtersDraft(saved);
  const changed = JSON.stringify(filtersOf(draft)) !== JSON.stringify(filtersOf(before));
  return (
    <Part
      fill
      title="Filters"
      lead="Events that match are not stored. They are counted by reason, and the SDK is answered as always. Everything is off until you switch it on."
    >
      <div className={styles.switches}>
        {switches.map(([name, label, hint]) => (
          <Switch
            key={name}
            label={label}
            hint={hint}
            checked={draft[name]}
            onChange={(on) => onChange({ ...draft, [name]: on })}
          />
        ))}
      </div>
      {lists.map(([name, label, placeholder, hint]) => (
        <Lines
          key={name}
          label={label}
          hint={hint}
          placeholder={placeholder}
          value={draft[name]}
          onChange={(text) => onChange({ ...draft, [name]: text })}
          refused={refused.at(FIELDS[name])}
        />
      ))}
      <Save
        what="filters"
        changed={changed}
        pending={save.isPending}
        error={save.error}
        errorId={refused.id}
        onSave={send}
        onReset={() => {
          save.reset();
          onChange(before);
        }}
      />
    </Part>
  );
}
