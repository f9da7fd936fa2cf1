import { commands } from "@/shared/api/clients";
import { useAccountCommand } from "./useAccountCommand";

export const useEndSession = () =>
  useAccountCommand((sessionId: string) => commands.endSession({ sessionId }), "sessions");
