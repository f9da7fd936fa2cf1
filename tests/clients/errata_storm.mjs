// A loop that throws one error over and over with our own SDK for Node, and a rare error
// beside it. Prints how many it captured.
import * as Errata from "@errata/sdk/node";

const [dsn, times] = process.argv.slice(2);
Errata.init({ dsn, maxQueue: 2 });

function settle(order) {
  throw new TypeError(`no price for ${order}`);
}

for (let i = 0; i < Number(times); i++) {
  try {
    settle("A-1");
  } catch (error) {
    Errata.captureException(error);
  }
}
Errata.captureException(new RangeError("the rare one"));
// Known already: dropped, and told with the next request.
const known = new Error("twice");
Errata.captureException(known);
Errata.captureException(known);
if (!(await Errata.flush(10_000))) throw new Error("flush timed out");
const { captured, sent, dropped } = Errata.stats();
console.log(JSON.stringify({ captured, sent, dropped }));
