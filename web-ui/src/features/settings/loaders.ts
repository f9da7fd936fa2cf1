// What the settings read first.
import { listMembersQuery } from "@/shared/api/listMembers";
import { type Loader, prefetch, start } from "@/shared/load/loader";

export const loadSettings: Loader = () => start(prefetch(listMembersQuery()));
