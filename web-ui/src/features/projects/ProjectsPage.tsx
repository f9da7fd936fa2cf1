import Button from "@mui/material/Button";
import { Dialog } from "@/shared/ui/Dialog";
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { Role } from "@/gen/errata/v1/command_pb";
import { useViewer } from "@/shared/api/getViewer";
import { useProjects } from "@/shared/api/listProjects";
import { Count, PageHead, RelativeTime } from "@/shared/ui/bits";
import { Failure, useRefused } from "@/shared/ui/form";
import { Icon } from "@/shared/ui/Icon";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { useSubmit } from "@/shared/ui/useSubmit";
import { useCreateProject } from "./api/createProject";
import { platformName, platforms } from "./setups";
import styles from "./projects.module.css";

const NAME_MAX = 64;

export function ProjectsPage() {
  const query = useProjects();
  const [creating, setCreating] = useState(false);
  const viewer = useViewer().data?.viewer;
  const isOwner = viewer?.role === Role.OWNER;
  return (
    <div className={styles.page}>
      <PageHead title="Projects">
        <span className={styles.grow} />
        {isOwner && (
          <Button variant="contained" startIcon={<Icon name="plus" size={14} />} onClick={() => setCreating(true)}>
            New project
          </Button>
        )}
        {viewer && !isOwner && <span className={styles.hint}>An owner can add projects.</span>}
      </PageHead>
      {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={180} width="100%" />}
      {query.data?.length === 0 && (
        <EmptyState
          icon="projects"
          title="No project yet"
          actions={
            isOwner && (
              <Button variant="contained" onClick={() => setCreating(true)}>
                Create one
              </Button>
            )
          }
        >
          A project is a source of events: one application, or one part of it.
        </EmptyState>
      )}
      {query.data && query.data.length > 0 && (
        <table className={styles.table}>
          <thead>
            <tr>
              <th>Project</th>
              <th className={styles.platform}>Platform</th>
              <th className={styles.number}>Unresolved</th>
              <th className={styles.number}>Events</th>
              <th className={styles.number}>Last event</th>
            </tr>
          </thead>
          <tbody>
            {query.data.map((project) => (
              <tr key={project.id}>
                <td>
                  <Link to={`/projects/${project.id}`}>{project.name}</Link>
                </td>
                <td className={styles.platform}>{platformName(project.platform) || "–"}</td>
                <td className={styles.number}>
                  <Count value={project.unresolvedIssues} one="unresolved issue" />
                </td>
                <td className={styles.number}>
                  <Count value={project.events} one="event" />
                </td>
                <td className={styles.number}>
                  {project.lastEventAt ? <RelativeTime time={project.lastEventAt} suffix=" ago" /> : "waiting"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Dialog open={creating} onClose={() => setCreating(false)} aria-labelledby="new-project" fullWidth maxWidth="xs">
        <CreateProject onClose={() => setCreating(false)} />
      </Dialog>
    </div>
  );
}

function CreateProject({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [platform, setPlatform] = useState("browser");
  const create = useCreateProject();
  const navigate = useNavigate();
  const refused = useRefused(create.error);
  const submit = useSubmit(async () => {
    const { projectId } = await create.mutateAsync({ name: name.trim(), platform });
    await navigate(`/projects/${projectId}`);
  });
  return (
    <form className={styles.dialog} onSubmit={submit}>
      <h2 id="new-project">New project</h2>
      <label className={styles.field}>
        <span>Name</span>
        <input
          autoFocus
          value={name}
          maxLength={NAME_MAX}
          placeholder="shop-api"
          onChange={(event) => setName(event.target.value)}
          {...refused.at("name")}
        />
      </label>
      <label className={styles.field}>
        <span>Platform</span>
        <select value={platform} onChange={(event) => setPlatform(event.target.value)}>
          {platforms.map(([id, text]) => (
            <option key={id} value={id}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <Failure error={create.error} id={refused.id} />
      <div className={styles.dialogActions}>
        <Button variant="text" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" variant="contained" disabled={name.trim() === "" || create.isPending}>
          Create project
        </Button>
      </div>
    </form>
  );
}
