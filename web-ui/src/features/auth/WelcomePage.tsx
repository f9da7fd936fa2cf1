// The one-time link `/welcome#SECRET`: sets a password and signs in. The secret is
// behind the hash, so it is in no log of a proxy. Whose link it is, and whether it still
// works, is asked before anybody types.
import Button from "@mui/material/Button";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation, useNavigate } from "react-router";
import { HttpError, postJson } from "@/shared/api/http";
import { queryClient } from "@/shared/api/queryClient";
import { failureOf } from "@/shared/format/failure";
import { useSubmit } from "@/shared/ui/useSubmit";
import { AuthCard, Field } from "./AuthCard";
import { linkStateOf, type LinkState } from "./linkState";
import { authKeys } from "./keys";

const PASSWORD_MIN = 8;
const PASSWORD_MAX = 128;

/** What a link that does not work says, and what to do next. */
const ended: Record<Exclude<LinkState["state"], "open">, readonly [title: string, lead: string]> = {
  used: ["This link was used", "The password was set with it. Sign in, or ask an owner for a new link."],
  replaced: ["There is a newer link", "This one has ended. Use the newest one, or ask an owner for another."],
  expired: ["This link has expired", "Links work for 7 days. Ask an owner for a new one."],
  unknown: [
    "This link is not known",
    "It may be incomplete, or of another installation. The server prints the owner's link at its start; an owner can make one for everybody else.",
  ],
};

export function WelcomePage() {
  const secret = useLocation().hash.slice(1);
  const link = useQuery({
    queryKey: authKeys.link(secret),
    queryFn: async () => linkStateOf(await postJson("/auth/link", { secret })),
    enabled: secret !== "",
    // Its state changes by this page's own doing; what is typed must not be lost to it.
    staleTime: Infinity,
    gcTime: 0,
  });
  if (secret === "")
    return (
      <Ended
        title="This link is incomplete"
        lead="Open the whole link, including the part after #. The server prints it at its first start; an owner can make one for a new member."
      />
    );
  if (link.isPending) return <AuthCard title="One moment…" lead="Looking up the link." error="" children={null} />;
  if (link.isError) {
    return (
      <AuthCard title="Welcome to Errata" lead="" error={failureOf(link.error).text}>
        <Button variant="outlined" fullWidth onClick={() => void link.refetch()}>
          Try again
        </Button>
      </AuthCard>
    );
  }
  if (link.data.state !== "open") {
    const [title, lead] = ended[link.data.state];
    return <Ended title={title} lead={lead} />;
  }
  return <SetPassword secret={secret} link={link.data} />;
}

function Ended({ title, lead }: { title: string; lead: string }) {
  return (
    <AuthCard title={title} lead={lead} error="">
      <Button component={Link} to="/sign-in" variant="outlined" fullWidth>
        Go to sign-in
      </Button>
    </AuthCard>
  );
}

function SetPassword({ secret, link }: { secret: string; link: LinkState }) {
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<HttpError | null>(null);
  const long = password.length >= PASSWORD_MIN && password.length <= PASSWORD_MAX;

  const submit = useSubmit(async () => {
    setBusy(true);
    setError(null);
    try {
      await postJson("/auth/set-password", { secret, ...(link.needsEmail ? { email: email.trim() } : {}), password });
      queryClient.clear();
      await navigate("/issues", { replace: true });
    } catch (cause) {
      setError(cause instanceof HttpError ? cause : new HttpError(0, "Setting the password failed.", ""));
      setBusy(false);
    }
  });

  const fieldError = (name: string) => (error?.field === name ? error.message : "");
  const title = link.hasPassword ? "Set a new password" : "Welcome to Errata";
  const lead = link.needsEmail
    ? "You are the owner. Choose how you will sign in; this link works once."
    : `Setting the password of ${link.email}. This link works once.`;
  return (
    <AuthCard
      title={title}
      lead={lead}
      error={error && !["email", "password"].includes(error.field) ? error.message : ""}
    >
      <form onSubmit={submit}>
        {link.needsEmail ? (
          <Field
            name="email"
            label="E-mail"
            type="email"
            autoComplete="username"
            autoFocus
            value={email}
            onChange={setEmail}
            error={fieldError("email")}
            help="You sign in with it, and alerts are mailed to it."
          />
        ) : (
          // For password managers: whose password it is.
          <input type="email" name="email" autoComplete="username" value={link.email} readOnly hidden />
        )}
        <Field
          name="password"
          label="Password"
          type="password"
          autoComplete="new-password"
          autoFocus={!link.needsEmail}
          value={password}
          onChange={setPassword}
          error={fieldError("password")}
          help={`${PASSWORD_MIN} to ${PASSWORD_MAX} characters. A long sentence is a good one.`}
        />
        <Button
          type="submit"
          variant="contained"
          fullWidth
          disabled={busy || !long || (link.needsEmail && !email.includes("@"))}
          sx={{ mt: "8px", height: 36 }}
        >
          {busy ? "One moment…" : "Set password and sign in"}
        </Button>
      </form>
    </AuthCard>
  );
}
