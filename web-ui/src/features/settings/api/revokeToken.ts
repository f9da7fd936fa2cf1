import { commands } from "@/shared/api/clients";
import { useAccountCommand } from "./useAccountCommand";

export const useRevokeToken = () => useAccountCommand((tokenId: number) => commands.revokeToken({ tokenId }), "tokens");
