// What the page of SQL reads first.
import { type Loader, prefetch, start } from "@/shared/load/loader";
import { listTablesQuery } from "./api/listTables";

export const loadSql: Loader = () => start(prefetch(listTablesQuery()));
