// Settings of projects, which the first page does not ask for.
import { createClient } from "@connectrpc/connect";
import { ProjectSettingsService } from "@/gen/errata/v1/settings_pb";
import { transport } from "./transport";

export const projectSettings = createClient(ProjectSettingsService, transport);
