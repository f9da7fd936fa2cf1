import type { Role } from "@/gen/errata/v1/command_pb";
import { commands } from "@/shared/api/clients";
import { useAccountCommand } from "./useAccountCommand";

export const useSetRole = () =>
  useAccountCommand((given: { userId: number; role: Role }) => commands.setRole(given), "users", "members", "viewer");
