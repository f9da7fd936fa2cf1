// The client of rules of grouping, whose code the first page goes without.
import { createClient } from "@connectrpc/connect";
import { GroupingService } from "@/gen/errata/v1/grouping_pb";
import { transport } from "./transport";

export const grouping = createClient(GroupingService, transport);
