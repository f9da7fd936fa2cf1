// A project's name and platform.
import Button from "@mui/material/Button";
import { useState } from "react";
import type { Project } from "@/gen/errata/v1/project_pb";
import { useNotices } from "@/shared/state/notices";
import { platforms } from "../setups";
import { useRenameProject } from "./api/renameProject";
import { Failure, Part, useRefused } from "@/shared/ui/form";
import { useSubmit } from "@/shared/ui/useSubmit";
import styles from "./settings.module.css";

const NAME_MAX = 64;

export function General({ project }: { project: Project }) {
  const saved = { name: project.name, platform: project.platform };
  const [name, setName] = useState(saved.name);
  const [platform, setPlatform] = useState(saved.platform);
  const rename = useRenameProject(project.id);
  const show = useNotices((state) => state.show);
  const changed = name.trim() !== saved.name || platform !== saved.platform;
  const refused = useRefused(rename.error);
  const submit = useSubmit(async () => {
    const back = () => (setName(saved.name), setPlatform(saved.platform), rename.mutate(saved));
    await rename.mutateAsync({ name: name.trim(), platform });
    show("Project saved", back);
  });
  const known = platforms.some(([id]) => id === platform);
  return (
    <Part fill title="General" lead="Keys, DSN and issues stay as they are.">
      <form className={styles.general} onSubmit={submit}>
        <label>
          <span>Name</span>
          <input
            value={name}
            maxLength={NAME_MAX}
            onChange={(event) => setName(event.target.value)}
            {...refused.at("name")}
          />
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
          <Failure error={rename.error} id={refused.id} />
        </div>
      </form>
    </Part>
  );
}
