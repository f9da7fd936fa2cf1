// The server's messages, written for logs and scripts, as people read them.

/** "email: there is one already" → "There is one already." */
export function sentence(message: string): string {
  const text = message.trim().replace(/^[a-z][a-z_.]*: /, "");
  if (text === "") return "";
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}
