import type { Role } from "@/gen/errata/v1/command_pb";
import { commands } from "@/shared/api/clients";
import { useAccountCommand } from "./useAccountCommand";

/** Invites somebody; the answer holds the one-time link to set a password. */
export const useCreateUser = () =>
  useAccountCommand(
    ({ email, role }: { email: string; role: Role }) => commands.createUser({ email, role }),
    "users",
    "members",
  );
