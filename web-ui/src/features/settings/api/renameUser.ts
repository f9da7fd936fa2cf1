import { commands } from "@/shared/api/clients";
import { useAccountCommand } from "./useAccountCommand";

/** One's own name. */
export const useRenameUser = () =>
  useAccountCommand((name: string) => commands.renameUser({ name }), "users", "members", "viewer");
