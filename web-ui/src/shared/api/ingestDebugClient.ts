// The client of what became of envelopes, whose code the first page goes without.
import { createClient } from "@connectrpc/connect";
import { IngestDebugService } from "@/gen/errata/v1/ingest_debug_pb";
import { transport } from "./transport";

export const ingestDebug = createClient(IngestDebugService, transport);
