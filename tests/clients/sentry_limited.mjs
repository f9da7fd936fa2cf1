// Captures errors one after the other with the official @sentry/node, waiting for each, and
// ends as a program does: what it was told not to send it reports.
import * as Sentry from "@sentry/node";

const [dsn, count] = process.argv.slice(2);
Sentry.init({ dsn, defaultIntegrations: false });
for (let number = 0; number < Number(count); number += 1) {
  Sentry.captureException(new Error(`failure ${number}`));
  if (!(await Sentry.flush(10_000))) throw new Error("flush timed out");
}
await Sentry.close(10_000);
