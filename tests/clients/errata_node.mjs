// Sends one error with our own SDK for Node and prints its event id.
import * as Errata from "@errata/sdk/node";

const [dsn] = process.argv.slice(2);
Errata.init({ dsn, release: "worker@3.1.0", environment: "production" });
Errata.setUser({ id: "u-9" });
Errata.setTag("queue", "mail");
Errata.addBreadcrumb({ category: "job", message: "picked up job 17" });

function renderTemplate(template) {
  throw new RangeError(`no template named ${template}`, { cause: new Error("disk is gone") });
}

let id;
try {
  renderTemplate("welcome");
} catch (error) {
  id = Errata.captureException(error);
}
if (!(await Errata.flush(10_000))) throw new Error("flush timed out");
console.log(id);
