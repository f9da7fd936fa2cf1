const words = ["open", "used", "replaced", "expired", "unknown"] as const;

/** What the server says of a one-time link. */
export interface LinkState {
  state: (typeof words)[number];
  email: string;
  /** Nobody knows the owner's address yet: it is given with the password. */
  needsEmail: boolean;
  /** A way back in, no invitation. */
  hasPassword: boolean;
}

/** Reads the answer of `POST /auth/link`. */
export function linkStateOf(answer: unknown): LinkState {
  const given = (typeof answer === "object" && answer !== null ? answer : {}) as Record<string, unknown>;
  const state = words.find((word) => word === given["state"]) ?? "unknown";
  const email = typeof given["email"] === "string" ? given["email"] : "";
  return { state, email, needsEmail: given["needs_email"] === true, hasPassword: given["has_password"] === true };
}
