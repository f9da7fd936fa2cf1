// Search field, status, removable filter chips, sort.
import IconButton from "@mui/material/IconButton";
import MenuItem from "@mui/material/MenuItem";
import ListSubheader from "@mui/material/ListSubheader";
import { type RefObject, useEffect, useState } from "react";
import { useFacets } from "@/shared/api/listFacets";
import { useMembers } from "@/shared/api/listMembers";
import { LEVELS, memberName, type StatusName } from "@/shared/format/issue";
import { Kbd, LevelLabel, RemovableChip, Segments } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { MenuButton } from "@/shared/ui/MenuButton";
import { SORTS, type IssueSearch } from "./search";
import styles from "./list.module.css";

interface FilterBarProps {
  search: IssueSearch;
  setSearch: (change: Partial<IssueSearch>) => void;
  field: RefObject<HTMLInputElement | null>;
  onHelp: () => void;
}

/** Typing settles for this long before the list changes. */
const SETTLE_MS = 300;

type StatusChoice = StatusName | "all" | "several";
const statusChoices: readonly (readonly [StatusChoice, string])[] = [
  ["unresolved", "Unresolved"],
  ["ignored", "Ignored"],
  ["resolved", "Resolved"],
  ["all", "All"],
];

export function FilterBar({ search, setSearch, field, onHelp }: FilterBarProps) {
  const choice: StatusChoice = search.statuses.length === 0 ? "all" : search.statuses.length === 1 ? (search.statuses[0] ?? "all") : "several";
  return (
    <div className={styles.filters}>
      <SearchField text={search.text} field={field} onChange={(text) => setSearch({ text })} />
      <Segments label="Status" value={choice} options={statusChoices} onChange={(value) => setSearch({ statuses: value === "all" || value === "several" ? [] : [value] })} />
      <FilterMenu search={search} setSearch={setSearch} />
      <Chips search={search} setSearch={setSearch} />
      <span className={styles.spacer} />
      <MenuButton label="Sort" variant="text" text={SORTS.find(([name]) => name === search.sort)?.[1]}>
        {(close) =>
          SORTS.map(([name, text]) => (
            <MenuItem key={name} selected={name === search.sort} onClick={() => (close(), setSearch({ sort: name }))}>
              {text}
            </MenuItem>
          ))
        }
      </MenuButton>
      <IconButton className={styles.helpButton} aria-label="Keyboard shortcuts" data-tip="Keyboard shortcuts (?)" onClick={onHelp}>
        <Icon name="help" />
      </IconButton>
    </div>
  );
}

function SearchField({ text, field, onChange }: { text: string; field: RefObject<HTMLInputElement | null>; onChange: (text: string) => void }) {
  const [draft, setDraft] = useState(text);
  useEffect(() => {
    if (draft === text) return;
    const timer = setTimeout(() => onChange(draft), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [draft, text, onChange]);
  return (
    <label className={styles.search}>
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        placeholder="Search titles and culprits"
        aria-label="Search titles and culprits"
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <Kbd>/</Kbd>
    </label>
  );
}

function FilterMenu({ search, setSearch }: Pick<FilterBarProps, "search" | "setSearch">) {
  const members = useMembers();
  const facets = useFacets(search.projectIds);
  return (
    <MenuButton label="Add a filter" text={<><Icon name="filter" size={14} />&nbsp;Filter</>}>
      {(close) => [
        <ListSubheader key="levels" className={styles.menuHead}>Level</ListSubheader>,
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
        <ListSubheader key="assignee" className={styles.menuHead}>Assigned to</ListSubheader>,
        ...(members.data ?? []).map((member) => (
          <MenuItem key={`member-${member.id}`} selected={search.assignee === member.id} onClick={() => (close(), setSearch({ assignee: member.id }))}>
            {memberName(member)}
          </MenuItem>
        )),
        <ListSubheader key="release" className={styles.menuHead}>Release</ListSubheader>,
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
  if (search.assignee !== 0) {
    const member = members.data?.find((each) => each.id === search.assignee);
    chips.push({ key: "assignee", text: `Assigned to ${member ? memberName(member) : `user ${search.assignee}`}`, clear: { assignee: 0 } });
  }
  if (search.release !== "") chips.push({ key: "release", text: `Release: ${search.release}`, clear: { release: "" } });
  if (search.environment !== "") chips.push({ key: "environment", text: `Environment: ${search.environment}`, clear: { environment: "" } });
  if (search.text !== "") chips.push({ key: "text", text: `“${search.text}”`, clear: { text: "" } });
  return chips.map((chip) => <RemovableChip key={chip.key} text={chip.text} onRemove={() => setSearch(chip.clear)} />);
}
