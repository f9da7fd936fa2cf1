// Asks a person what happened, and posts the answer back to where this script came from.
// The page around it may forbid inline styles: a constructed style sheet is none.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || !script.src) return;
  const address = new URL(script.src);
  const given = address.searchParams;
  const CLOSED = "__sentry_reportdialog_closed__";
  const FIELD_CHARS_MAX = 200;
  const MESSAGE_CHARS_MAX = 4096;
  if (document.querySelector("[data-errata-report]")) return;

  const text = (key, fallback) => given.get(key) || fallback;
  const words = {
    title: text("title", "It looks like we\u2019re having issues."),
    subtitle: text("subtitle", "Our team has been notified."),
    subtitle2: text("subtitle2", "If you\u2019d like to help, tell us what happened below."),
    name: text("labelName", "Name"),
    email: text("labelEmail", "Email"),
    comments: text("labelComments", "What happened?"),
    close: text("labelClose", "Close"),
    submit: text("labelSubmit", "Submit report"),
    failed: text("errorGeneric", "Your report could not be sent. Please try again."),
    invalid: text("errorFormEntry", "Please describe what happened, and check the email address."),
    thanks: text("successMessage", "Your report has been sent. Thank you!"),
  };

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const field = (key, label, control) => {
    Object.assign(control, { id: key, name: key });
    return element("p", {}, element("label", { htmlFor: key, textContent: label }), control);
  };

  const name = element("input", {
    type: "text", autocomplete: "name", maxLength: FIELD_CHARS_MAX, value: given.get("name") || "",
  });
  const email = element("input", {
    type: "email", autocomplete: "email", maxLength: FIELD_CHARS_MAX, value: given.get("email") || "",
  });
  const comments = element("textarea", { rows: 5, required: true, maxLength: MESSAGE_CHARS_MAX });
  const status = element("p", { className: "status" });
  status.setAttribute("role", "status");
  const submit = element("button", { type: "submit", className: "main", textContent: words.submit });
  const close = element("button", { type: "button", textContent: words.close });
  const title = element("h2", { id: "title", textContent: words.title });
  const form = element(
    "form",
    { noValidate: true },
    field("name", words.name, name),
    field("email", words.email, email),
    field("comments", words.comments, comments),
    status,
    element("div", { className: "actions" }, close, submit),
  );
  const dialog = element(
    "dialog",
    {},
    title,
    element("p", { className: "lead", textContent: `${words.subtitle} ${words.subtitle2}` }),
    form,
  );
  dialog.setAttribute("aria-labelledby", "title");

  const css = `
    :host { all: initial; }
    dialog {
      box-sizing: border-box; width: min(30rem, calc(100vw - 2rem)); max-height: calc(100vh - 2rem);
      overflow: auto; padding: 24px; border: 1px solid #d5d8de; border-radius: 8px;
      background: #fff; color: #1b1f27; font: 15px/1.5 system-ui, sans-serif;
    }
    dialog::backdrop { background: rgb(15 18 24 / 55%); }
    h2 { margin: 0 0 4px; font-size: 20px; line-height: 1.3; }
    p { margin: 0 0 14px; }
    .lead { color: #4c5361; }
    label { display: block; margin-bottom: 4px; font-weight: 600; font-size: 14px; }
    input, textarea {
      box-sizing: border-box; width: 100%; padding: 8px 10px; border: 1px solid #868d9b;
      border-radius: 6px; background: #fff; color: inherit; font: inherit;
    }
    textarea { resize: vertical; min-height: 6em; }
    .actions { display: flex; justify-content: flex-end; gap: 8px; }
    button {
      padding: 8px 16px; border: 1px solid #868d9b; border-radius: 6px; background: transparent;
      color: inherit; font: inherit; font-weight: 600; cursor: pointer;
    }
    .main { border-color: #3a52c4; background: #3a52c4; color: #fff; }
    button:disabled { opacity: .6; cursor: default; }
    :focus-visible { outline: 2px solid #3a52c4; outline-offset: 2px; }
    .status:empty { display: none; }
    .status[data-bad] { color: #b3261e; }
    @media (prefers-color-scheme: dark) {
      dialog { background: #1b1f27; color: #eceef2; border-color: #3a404c; }
      .lead { color: #b4bac6; }
      input, textarea { background: #12151b; border-color: #7c8494; }
      .main { border-color: #8ea2ff; background: #8ea2ff; color: #10131a; }
      :focus-visible { outline-color: #8ea2ff; }
      .status[data-bad] { color: #ff9d94; }
    }`;
  const host = element("div", {});
  host.setAttribute("data-errata-report", "");
  const root = host.attachShadow({ mode: "open" });
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(element("style", { textContent: css }));
  }
  root.append(dialog);

  const say = (message, isBad) => {
    status.textContent = message;
    status.toggleAttribute("data-bad", isBad);
  };
  const send = async () => {
    if (!comments.value.trim() || !email.checkValidity()) {
      say(words.invalid, true);
      (comments.value.trim() ? email : comments).focus();
      return;
    }
    submit.disabled = true;
    try {
      const body = new URLSearchParams({ name: name.value, email: email.value, comments: comments.value });
      const response = await fetch(address, { method: "POST", body, credentials: "omit" });
      if (!response.ok) throw new Error(String(response.status));
      for (const part of form.querySelectorAll("p:not(.status)")) part.remove();
      submit.remove();
      say(words.thanks, false);
      close.focus();
    } catch {
      submit.disabled = false;
      say(words.failed, true);
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send();
  });
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    host.remove();
    // What the SDK's onClose waits for.
    window.postMessage(CLOSED, "*");
  });
  (document.body || document.documentElement).append(host);
  dialog.showModal();
  comments.focus();
})();
