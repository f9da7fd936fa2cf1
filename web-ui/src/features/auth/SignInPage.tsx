import Button from "@mui/material/Button";
import { useState, type SubmitEvent } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { HttpError, postJson } from "@/shared/api/http";
import { queryClient } from "@/shared/api/queryClient";
import { AuthCard, Field } from "./AuthCard";
import { safeNext } from "./safeNext";

export function SignInPage() {
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<HttpError | null>(null);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await postJson("/auth/sign-in", { email: email.trim(), password });
      queryClient.clear();
      await navigate(safeNext(params.get("next")), { replace: true });
    } catch (cause) {
      setError(cause instanceof HttpError ? cause : new HttpError(0, "Signing in failed.", ""));
      setBusy(false);
    }
  };

  const wrong = error?.status === 401;
  return (
    <AuthCard title="Sign in" lead="Errors of your applications, grouped, counted and kept." error={wrong ? "E-mail and password do not match." : error?.field === "" ? error.message : ""}>
      <form onSubmit={(event) => void submit(event)}>
        <Field name="email" label="E-mail" type="email" autoComplete="username" autoFocus value={email} onChange={setEmail} error={error?.field === "email" && !wrong ? error.message : ""} />
        <Field name="password" label="Password" type="password" autoComplete="current-password" value={password} onChange={setPassword} error={error?.field === "password" && !wrong ? error.message : ""} />
        <Button type="submit" variant="contained" fullWidth disabled={busy || email === "" || password === ""} sx={{ mt: "8px", height: 36 }}>
          {busy ? "Signing in…" : "Sign in"}
        </Button>
      </form>
    </AuthCard>
  );
}
