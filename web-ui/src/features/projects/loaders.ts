// What the pages of a project read first.
import { type Loader, prefetch, start } from "@/shared/load/loader";
import { getProjectQuery } from "./api/getProject";
import { getProjectSettingsQuery } from "./settings/api/getProjectSettings";

export const loadProject: Loader = ({ params }) => start(prefetch(getProjectQuery(Number(params["projectId"]))));

export const loadProjectSettings: Loader = ({ params }) => {
  const projectId = Number(params["projectId"]);
  return start(prefetch(getProjectQuery(projectId)), prefetch(getProjectSettingsQuery(projectId)));
};
