import { useMutation } from "@tanstack/react-query";
import { commands } from "@/shared/api/clients";

/** To one's own address; the answer says what the mail server said. */
export const useSendTestMail = () => useMutation({ mutationFn: () => commands.sendTestMail({}) });
