// The client of releases and monitors, whose code the first page goes without.
import { createClient } from "@connectrpc/connect";
import { HealthService } from "@/gen/errata/v1/health_pb";
import { transport } from "./transport";

export const health = createClient(HealthService, transport);
