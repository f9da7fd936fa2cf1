// Sends one handled error with the official @sentry/node and prints its event id.
import * as Sentry from "@sentry/node";

const [dsn, message = "cart is empty", release = "shop@1.4.2"] = process.argv.slice(2);
Sentry.init({ dsn, release, environment: "staging", defaultIntegrations: undefined });

class CheckoutError extends Error {
  name = "CheckoutError";
}

function chargeCustomer(cart) {
  const total = cart.total;
  if (total === undefined) throw new CheckoutError(message, { cause: new TypeError("total is undefined") });
  return total;
}

Sentry.setUser({ id: "42", email: "ada@example.com" });
Sentry.setTag("plan", "pro");
Sentry.addBreadcrumb({ category: "ui.click", message: "button#pay" });
let id;
try {
  chargeCustomer({ password: ["hun", "ter2"].join("") });
} catch (error) {
  id = Sentry.captureException(error);
}
if (!(await Sentry.flush(10_000))) throw new Error("flush timed out");
console.log(id);
