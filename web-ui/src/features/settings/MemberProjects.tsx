// Which projects a member sees: said in words in their row, and changed in a dialog.
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import { useId, useState } from "react";
import type { Account as User } from "@/gen/errata/v1/account_pb";
import { useProjects } from "@/shared/api/listProjects";
import { useNotices } from "@/shared/state/notices";
import { Failure, Switch } from "@/shared/ui/form";
import { useSetUserProjects, type Sight } from "./api/setUserProjects";
import { sightInWords } from "./sight";
import styles from "./settings.module.css";

interface Props {
  user: User;
  name: string;
  onClose: () => void;
}

export function MemberProjects({ user, name, onClose }: Props) {
  const id = useId();
  const projects = useProjects();
  const set = useSetUserProjects();
  const { show } = useNotices();
  const before: Sight = { allProjects: user.allProjects, projectIds: user.projectIds };
  const [all, setAll] = useState(before.allProjects);
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set(before.projectIds));
  const save = () => {
    const sight: Sight = { allProjects: all, projectIds: all ? [] : [...chosen].sort((a, b) => a - b) };
    set.mutate(
      { userId: user.id, ...sight },
      {
        onSuccess: () => {
          onClose();
          show(`${name} sees ${sightInWords(sight)} now`, () => set.mutate({ userId: user.id, ...before }));
        },
      },
    );
  };
  const toggle = (project: number, on: boolean) => {
    const next = new Set(chosen);
    if (on) next.add(project);
    else next.delete(project);
    setChosen(next);
  };
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="xs">
      <div className={styles.sight}>
        <h2 id={id}>Projects that {name} sees</h2>
        <p>
          Of others they see nothing: no issue, no number, no mail. What streams to them at the moment ends at once.
        </p>
        <Switch label="All projects" hint="Those to come, too" checked={all} onChange={setAll} />
        {!all && (
          <fieldset className={styles.sightList} aria-label="Projects">
            {(projects.data ?? []).map((project) => (
              <label key={project.id}>
                <input
                  type="checkbox"
                  checked={chosen.has(project.id)}
                  onChange={(event) => toggle(project.id, event.target.checked)}
                />
                <span>{project.name}</span>
              </label>
            ))}
          </fieldset>
        )}
        <Failure error={set.error ?? projects.error} />
        <div className={styles.sightActions}>
          <Button variant="text" onClick={onClose}>
            Cancel
          </Button>
          <Button variant="contained" disabled={set.isPending || (!all && projects.isPending)} onClick={save}>
            Save
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
