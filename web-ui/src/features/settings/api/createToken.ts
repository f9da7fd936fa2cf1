import { TokenScope } from "@/gen/errata/v1/command_pb";
import { commands } from "@/shared/api/clients";
import { useAccountCommand } from "./useAccountCommand";

interface Wanted {
  label: string;
  readOnly: boolean;
  /** 0: until it is revoked. */
  days: number;
}

export const useCreateToken = () =>
  useAccountCommand(
    ({ label, readOnly, days }: Wanted) =>
      commands.createToken({ label, scope: readOnly ? TokenScope.READ : TokenScope.FULL, expiresInDays: days }),
    "tokens",
  );
