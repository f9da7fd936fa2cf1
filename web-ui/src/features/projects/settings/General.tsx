// A project's name and platform.
import Button from "@mui/material/Button";
import { useState, type SubmitEvent } from "react";
import type { Project } from "@/gen/errata/v1/project_pb";
import { useNotices } from "@/shared/state/notices";
import { platforms } from "../setups";
import { useRenameProject } from "./api/renameProject";
import { Failure, Part } from "@/shared/ui/form";
import styles from "./settings.module.css";

const NAME_MAX = 64;

export function General({ project }: { project: Project }) {
  const saved = { name: project.name, platform: project.platform };
  const [name, setName] = useState(saved.name);
  const [platform, setPlatform] = useState(saved.platform);
  const rename = useRenameProject(project.id);
  const show = useNotices((state) => state.show);
  const changed = name.trim() !== saved.name || platform !== saved.platform;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const back = () => (setName(saved.name), setPlatform(saved.platform), rename.mutate(saved));
    rename.mutate({ name: name.trim(), platform }, { onSuccess: () => show("Project saved", back) });
  };
  const known = platforms.some(([id]) => id === platform);
  return (
    <Part fill title="General" lead="Keys, DSN and issues stay as they are.">
      <form className={styles.general} onSubmit={submit}>
        <label>
          <span>Name</span>
          <input value={name} maxLength={NAME_MAX} onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          <span>Platform</span>
          <select value={platform} onChange={(event) => setPlatform(event.target.value)}>
            {!known && <option value={platform}>{platform || "not said"}</option>}
            {platforms.map(([id, text]) => (
              <option key={id} value={id}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <div className={styles.save}>
          <Button type="submit" variant="outlined" disabled={!changed || name.trim() === "" || rename.isPending}>
            Save project
          </Button>
          <Failure error={rename.error} />
        </div>
      </form>
    </Part>
  );
}
