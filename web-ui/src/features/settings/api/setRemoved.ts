import { commands } from "@/shared/api/clients";
import { useAccountCommand } from "./useAccountCommand";

/** Removes a person, or brings them back. */
export const useSetRemoved = () =>
  useAccountCommand(
    ({ userId, removed }: { userId: number; removed: boolean }) =>
      removed ? commands.disableUser({ userId }) : commands.enableUser({ userId }),
    "users",
    "members",
    "tokens",
  );
