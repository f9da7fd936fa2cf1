import { commands } from "@/shared/api/clients";
import { useAccountCommand } from "./useAccountCommand";

/** All, those to come included, or these alone. */
export interface Sight {
  allProjects: boolean;
  projectIds: number[];
}

export const useSetUserProjects = () =>
  useAccountCommand(
    (given: { userId: number } & Sight) => commands.setUserProjects(given),
    "users",
    "members",
    "viewer",
  );
