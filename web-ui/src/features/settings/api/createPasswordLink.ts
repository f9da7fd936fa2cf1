import { commands } from "@/shared/api/clients";
import { useAccountCommand } from "./useAccountCommand";

/** A new invitation, or a way back in; earlier links end. */
export const useCreatePasswordLink = () =>
  useAccountCommand((userId: number) => commands.createPasswordLink({ userId }), "users");
