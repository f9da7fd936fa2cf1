// What the page of alerts reads first.
import { listMembersQuery } from "@/shared/api/listMembers";
import { type Loader, prefetch, start } from "@/shared/load/loader";
import { listDeliveriesQuery } from "./api/listDeliveries";

export const loadAlerts: Loader = () => start(prefetch(listDeliveriesQuery()), prefetch(listMembersQuery()));
