// The one-time link `/welcome#SECRET`: sets a password and signs in. The secret is
// behind the hash, so it is in no log of a proxy.
import Button from "@mui/material/Button";
import { useState, type SubmitEvent } from "react";
import { Link, useLocation, useNavigate } from "react-router";
import { HttpError, postJson } from "@/shared/api/http";
import { queryClient } from "@/shared/api/queryClient";
import { AuthCard, Field } from "./AuthCard";

const PASSWORD_MIN = 8;
const PASSWORD_MAX = 128;

export function WelcomePage() {
  const secret = useLocation().hash.slice(1);
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<HttpError | null>(null);
  const long = password.length >= PASSWORD_MIN && password.length <= PASSWORD_MAX;

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await postJson("/auth/set-password", { secret, ...(email.trim() ? { email: email.trim() } : {}), password });
      queryClient.clear();
      await navigate("/issues", { replace: true });
    } catch (cause) {
      setError(cause instanceof HttpError ? cause : new HttpError(0, "Setting the password failed.", ""));
      setBusy(false);
    }
  };

  if (secret === "") {
    return (
      <AuthCard title="This link is incomplete" lead="Open the whole link, including the part after #. The server prints it at its first start; an owner can make one for a new member." error="">
        <Button component={Link} to="/sign-in" variant="outlined" fullWidth>
          Go to sign-in
        </Button>
      </AuthCard>
    );
  }
  const fieldError = (name: string) => (error?.field === name ? error.message : "");
  return (
    <AuthCard title="Welcome to Errata" lead="Choose how you will sign in. This link works once." error={error && !["email", "password"].includes(error.field) ? error.message : ""}>
      <form onSubmit={(event) => void submit(event)}>
        <Field name="email" label="E-mail" type="email" autoComplete="username" autoFocus value={email} onChange={setEmail} error={fieldError("email")} help="Invited members may leave it empty." />
        <Field name="password" label="Password" type="password" autoComplete="new-password" value={password} onChange={setPassword} error={fieldError("password")} help={`${PASSWORD_MIN} to ${PASSWORD_MAX} characters. A long sentence is a good one.`} />
        <Button type="submit" variant="contained" fullWidth disabled={busy || !long} sx={{ mt: "8px", height: 36 }}>
          {busy ? "One moment…" : "Set password and sign in"}
        </Button>
      </form>
    </AuthCard>
  );
}
