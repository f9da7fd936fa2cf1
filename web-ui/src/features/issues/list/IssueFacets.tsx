// What the issues of the list have in common, on demand: above the list, whose width is its
// own. The code of it is fetched when it is wanted.
import { Suspense } from "react";
import { lazyPart } from "@/shared/load/parts";
import { usePreferences } from "@/shared/state/preferences";
import { Icon } from "@/shared/ui/Icon";
import type { IssueFacetsProps } from "./IssueFacetsPanel";
import styles from "./issueFacets.module.css";

const Panel = lazyPart("IssueFacetsPanel", async () => (await import("./IssueFacetsPanel")).IssueFacetsPanel);

export function IssueFacets({ search, setSearch }: IssueFacetsProps) {
  const open = usePreferences((state) => state.issueFacets);
  const toggle = usePreferences((state) => state.toggleIssueFacets);
  return (
    <div>
      <button type="button" className={styles.toggle} aria-expanded={open} onClick={toggle}>
        <Icon name={open ? "chevronDown" : "chevronRight"} size={12} />
        In common
      </button>
      {open && (
        <Suspense fallback={null}>
          <Panel search={search} setSearch={setSearch} />
        </Suspense>
      )}
    </div>
  );
}
