// One client a service that the first page, or many pages, ask. Others stand beside this file.
import { createClient } from "@connectrpc/connect";
import { AccountService } from "@/gen/errata/v1/account_pb";
import { CommandService } from "@/gen/errata/v1/command_pb";
import { EventService } from "@/gen/errata/v1/event_read_pb";
import { IssueService } from "@/gen/errata/v1/issue_pb";
import { LiveService } from "@/gen/errata/v1/live_pb";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { StatsService } from "@/gen/errata/v1/stats_pb";
import { transport } from "./transport";

export const accounts = createClient(AccountService, transport);
export const commands = createClient(CommandService, transport);
export const events = createClient(EventService, transport);
export const issues = createClient(IssueService, transport);
export const live = createClient(LiveService, transport);
export const projects = createClient(ProjectService, transport);
export const stats = createClient(StatsService, transport);
