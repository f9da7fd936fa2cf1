// The table's head: what waits, what the columns are, and their order. A press on a
// column sorts by it, another reverses. On a phone, where there are no columns, a
// menu does the same.
import Checkbox from "@mui/material/Checkbox";
import { PickerButton } from "@/shared/ui/Picker";
import { scopeWords } from "@/shared/url/scope";
import { newsWords, type Waiting } from "./liveMerge";
import { SORTS, type IssueSearch, type SetSearch, type SortName } from "./search";
import styles from "./list.module.css";

interface TableHeadProps {
  search: IssueSearch;
  setSearch: SetSearch;
  waiting: Waiting;
  onShow: () => void;
  onAll: () => void;
  disabled: boolean;
}

/** A press on a column: the greatest first, then the other way round. */
const pressed = (sort: SortName) => (now: IssueSearch) => ({
  sort,
  ascending: now.sort === sort && !now.ascending,
});

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function TableHead({ search, setSearch, waiting, onShow, onAll, disabled }: TableHeadProps) {
  const column = (sort: SortName, text: string, className: string) => {
    const here = search.sort === sort;
    return (
      <button
        type="button"
        className={className}
        aria-pressed={here}
        data-tip={here ? "Reverse the order" : `Sort by ${text.toLowerCase()}`}
        onClick={() => setSearch(pressed(sort))}
      >
        {text}
        {here && (
          <span role="img" aria-label={search.ascending ? "ascending" : "descending"}>
            {search.ascending ? " ↑" : " ↓"}
          </span>
        )}
      </button>
    );
  };
  const name = SORTS.find(([sort]) => sort === search.sort)?.[1] ?? "";
  return (
    <div className={styles.head}>
      <span />
      <Checkbox
        checked={false}
        disabled={disabled}
        onChange={onAll}
        slotProps={{ input: { "aria-label": "Select all loaded issues" } }}
      />
      <span className={styles.headWhat}>
        <span className={styles.headName}>Issue</span>
        {waiting.size > 0 && (
          <button type="button" className={styles.waiting} onClick={onShow}>
            {newsWords(waiting)} · show
          </button>
        )}
      </span>
      <span className={styles.spark}>{upperFirst(scopeWords(search))}</span>
      {column("count", "Events", styles.count ?? "")}
      {column("users", "Users", `${styles.count ?? ""} ${styles.users ?? ""}`)}
      {column("first_seen", "First seen", `${styles.seen ?? ""} ${styles.first ?? ""}`)}
      {column("last_seen", "Last seen", `${styles.seen ?? ""} ${styles.last ?? ""}`)}
      <span />
      <span className={styles.headSort}>
        <PickerButton
          label="Sort"
          variant="text"
          text={`${name} ${search.ascending ? "↑" : "↓"}`}
          choices={SORTS.map(([sort, text]) => ({
            id: sort,
            text: sort === search.sort ? `${text} ${search.ascending ? "↑" : "↓"}` : text,
            chosen: sort === search.sort,
          }))}
          onPick={({ id }) => setSearch(pressed(SORTS.find(([sort]) => sort === id)?.[0] ?? search.sort))}
        />
      </span>
    </div>
  );
}
