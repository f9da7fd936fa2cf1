// Search field, status, filters as removable chips.
import MenuItem from "@mui/material/MenuItem";
import type { RefObject } from "react";
import { useFacets } from "@/shared/api/listFacets";
import { useMembers } from "@/shared/api/listMembers";
import { LEVELS, memberName, type StatusName } from "@/shared/format/issue";
import { LevelLabel, RemovableChip, Segments } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { MenuHead } from "@/shared/ui/Menu";
import { MenuButton } from "@/shared/ui/MenuButton";
import { SearchField } from "./SearchField";
import { NOBODY, STATES, type IssueSearch } from "./search";
import styles from "./list.module.css";

interface FilterBarProps {
  search: IssueSearch;
  /** `replace`: no step of its own in the history. */
  setSearch: (change: Partial<IssueSearch>, replace?: boolean) => void;
  field: RefObject<HTMLInputElement | null>;
}

type StatusChoice = StatusName | "all" | "several";
const statusChoices: readonly (readonly [StatusChoice, string])[] = [
  ["unresolved", "Unresolved"],
  ["ignored", "Ignored"],
  ["resolved", "Resolved"],
  ["all", "All"],
];

export function FilterBar({ search, setSearch, field }: FilterBarProps) {
  const choice: StatusChoice = search.statuses.length === 0 ? "all" : search.statuses.length === 1 ? (search.statuses[0] ?? "all") : "several";
  return (
    <div className={styles.filters}>
      <SearchField text={search.text} field={field} onChange={(text, replace) => setSearch({ text }, replace)} />
      <Segments label="Status" value={choice} options={statusChoices} onChange={(value) => setSearch({ statuses: value === "all" || value === "several" ? [] : [value] })} />
      <FilterMenu search={search} setSearch={setSearch} />
      <Chips search={search} setSearch={setSearch} />
    </div>
  );
}

function FilterMenu({ search, setSearch }: Pick<FilterBarProps, "search" | "setSearch">) {
  const members = useMembers();
  const facets = useFacets(search.projectIds);
  return (
    <MenuButton label="Add a filter" text={<><Icon name="filter" size={14} />&nbsp;Filter</>}>
      {(close) => [
        <MenuHead key="states">In this time</MenuHead>,
        ...STATES.map(([state, text]) => (
          <MenuItem key={state} selected={search.states.includes(state)} onClick={() => (close(), setSearch({ states: search.states.includes(state) ? search.states.filter((each) => each !== state) : [...search.states, state] }))}>
            {text}
          </MenuItem>
        )),
        <MenuHead key="levels">Level</MenuHead>,
        ...LEVELS.map((level) => (
          <MenuItem
            key={level}
            selected={search.levels.includes(level)}
            onClick={() => {
              close();
              setSearch({ levels: LEVELS.filter((each) => (each === level) !== search.levels.includes(each)) });
            }}
          >
            <LevelLabel level={level} />
          </MenuItem>
        )),
        <MenuHead key="assignee">Assigned to</MenuHead>,
        <MenuItem key="nobody" selected={search.assignee === NOBODY} onClick={() => (close(), setSearch({ assignee: NOBODY }))}>
          Nobody
        </MenuItem>,
        ...(members.data ?? []).map((member) => (
          <MenuItem key={`member-${member.id}`} selected={search.assignee === member.id} onClick={() => (close(), setSearch({ assignee: member.id }))}>
            {memberName(member)}
          </MenuItem>
        )),
        <MenuHead key="release">Release</MenuHead>,
        ...(facets.data?.releases ?? []).map((release) => (
          <MenuItem key={`release-${release}`} selected={search.release === release} onClick={() => (close(), setSearch({ release }))}>
            {release}
          </MenuItem>
        )),
        ...(facets.data?.releases.length === 0 ? [<MenuItem key="none" disabled>No release seen yet</MenuItem>] : []),
      ]}
    </MenuButton>
  );
}

function Chips({ search, setSearch }: Pick<FilterBarProps, "search" | "setSearch">) {
  const members = useMembers();
  const chips: { key: string; text: string; clear: Partial<IssueSearch> }[] = [
    ...search.levels.map((level) => ({ key: `level-${level}`, text: `Level: ${level}`, clear: { levels: search.levels.filter((each) => each !== level) } })),
  ];
  for (const [state, text] of STATES) {
    if (search.states.includes(state)) chips.push({ key: state, text, clear: { states: search.states.filter((each) => each !== state) } });
  }
  if (search.assignee === NOBODY) chips.push({ key: "assignee", text: "Unassigned", clear: { assignee: 0 } });
  if (search.assignee > 0) {
    const member = members.data?.find((each) => each.id === search.assignee);
    chips.push({ key: "assignee", text: `Assigned to ${member ? memberName(member) : `user ${search.assignee}`}`, clear: { assignee: 0 } });
  }
  if (search.release !== "") chips.push({ key: "release", text: `Release: ${search.release}`, clear: { release: "" } });
  return chips.map((chip) => <RemovableChip key={chip.key} text={chip.text} onRemove={() => setSearch(chip.clear)} />);
}
