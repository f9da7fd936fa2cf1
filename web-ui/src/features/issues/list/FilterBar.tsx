// Search field, status, filters as removable chips.
import type { RefObject } from "react";
import { useFacets } from "@/shared/api/listFacets";
import { useMembers } from "@/shared/api/listMembers";
import { visible } from "@/shared/format/controls";
import type { Failure } from "@/shared/format/failure";
import { LEVELS, memberName, type StatusName } from "@/shared/format/issue";
import { LevelLabel, RemovableChip, Segments } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { PickerButton } from "@/shared/ui/Picker";
import type { Choice } from "@/shared/ui/choices";
import { QueryFault } from "./QueryFault";
import { SearchField } from "./SearchField";
import { NOBODY, STATES, type IssueSearch, type SetSearch } from "./search";
import styles from "./list.module.css";

/** The id of what says that the query cannot be read. */
const FAULT_ID = "query-fault";

interface FilterBarProps {
  search: IssueSearch;
  setSearch: SetSearch;
  field: RefObject<HTMLInputElement | null>;
  /** Why the query cannot be read; null: it can be. */
  fault: Failure | null;
}

const without = <T,>(all: readonly T[], each: T) => all.filter((other) => other !== each);
const toggled = <T,>(all: readonly T[], each: T) => (all.includes(each) ? without(all, each) : [...all, each]);

type StatusChoice = StatusName | "all" | "several";
const statusChoices: readonly (readonly [StatusChoice, string])[] = [
  ["unresolved", "Unresolved"],
  ["ignored", "Ignored"],
  ["resolved", "Resolved"],
  ["all", "All"],
];

export function FilterBar({ search, setSearch, field, fault }: FilterBarProps) {
  const choice: StatusChoice =
    search.statuses.length === 0 ? "all" : search.statuses.length === 1 ? (search.statuses[0] ?? "all") : "several";
  return (
    <div className={styles.filters}>
      <SearchField
        text={search.text}
        projectIds={search.projectIds}
        faultId={fault ? FAULT_ID : undefined}
        field={field}
        onChange={(text, replace) => setSearch({ text }, replace)}
      />
      <Segments
        label="Status"
        value={choice}
        options={statusChoices}
        onChange={(value) => setSearch({ statuses: value === "all" || value === "several" ? [] : [value] })}
      />
      <FilterMenu search={search} setSearch={setSearch} />
      {fault && (
        <QueryFault
          id={FAULT_ID}
          text={search.text}
          reason={fault.reason}
          place={fault.place}
          onMend={(text) => setSearch({ text })}
        />
      )}
      <Chips search={search} setSearch={setSearch} />
    </div>
  );
}

/** Of what the list is by now, which is not always what is shown. */
type Change = (now: IssueSearch) => Partial<IssueSearch>;

/** What the list can be narrowed to, each with the change that it makes, or takes back. */
function useFilters(search: IssueSearch): (Choice & { change: Change })[] {
  const members = useMembers().data ?? [];
  const releases = useFacets(search.projectIds).data?.releases ?? [];
  const assigned = (id: number, text: string) => ({
    id: `assignee-${id}`,
    group: "Assigned to",
    text,
    chosen: search.assignee === id,
    change: (now: IssueSearch) => ({ assignee: now.assignee === id ? 0 : id }),
  });
  return [
    ...STATES.map(([state, text]) => ({
      id: state,
      group: "In this time",
      text,
      several: true,
      chosen: search.states.includes(state),
      change: (now: IssueSearch) => ({ states: toggled(now.states, state) }),
    })),
    ...LEVELS.map((level) => ({
      id: `level-${level}`,
      group: "Level",
      text: level,
      shown: <LevelLabel level={level} />,
      several: true,
      chosen: search.levels.includes(level),
      change: (now: IssueSearch) => ({ levels: toggled(now.levels, level) }),
    })),
    assigned(NOBODY, "Nobody"),
    ...members.map((member) => assigned(member.id, memberName(member))),
    ...releases.map((release) => ({
      id: `release-${release}`,
      group: "Release",
      text: visible(release),
      chosen: search.release === release,
      change: (now: IssueSearch) => ({ release: now.release === release ? "" : release }),
    })),
  ];
}

function FilterMenu({ search, setSearch }: Pick<FilterBarProps, "search" | "setSearch">) {
  const filters = useFilters(search);
  const icon = (
    <>
      <Icon name="filter" size={14} />
      &nbsp;Filter
    </>
  );
  return (
    <PickerButton
      label="Filters"
      name="Add a filter"
      text={icon}
      choices={filters}
      onPick={({ id }) => setSearch(filters.find((each) => each.id === id)?.change ?? {})}
    />
  );
}

function Chips({ search, setSearch }: Pick<FilterBarProps, "search" | "setSearch">) {
  const members = useMembers();
  const chips: { key: string; text: string; clear: Change }[] = [
    ...search.levels.map((level) => ({
      key: `level-${level}`,
      text: `Level: ${level}`,
      clear: (now: IssueSearch) => ({ levels: without(now.levels, level) }),
    })),
  ];
  for (const [state, text] of STATES) {
    if (search.states.includes(state))
      chips.push({ key: state, text, clear: (now) => ({ states: without(now.states, state) }) });
  }
  if (search.assignee === NOBODY) chips.push({ key: "assignee", text: "Unassigned", clear: () => ({ assignee: 0 }) });
  if (search.assignee > 0) {
    const member = members.data?.find((each) => each.id === search.assignee);
    chips.push({
      key: "assignee",
      text: `Assigned to ${member ? memberName(member) : `user ${search.assignee}`}`,
      clear: () => ({ assignee: 0 }),
    });
  }
  if (search.release !== "")
    chips.push({ key: "release", text: `Release: ${search.release}`, clear: () => ({ release: "" }) });
  return chips.map((chip) => <RemovableChip key={chip.key} text={chip.text} onRemove={() => setSearch(chip.clear)} />);
}
