import Button from "@mui/material/Button";
import { useEffect, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { HttpError, postJson } from "@/shared/api/http";
import { queryClient } from "@/shared/api/queryClient";
import { useSubmit } from "@/shared/ui/useSubmit";
import { AuthCard, Field } from "./AuthCard";
import { safeNext } from "./safeNext";

export function SignInPage() {
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<HttpError | null>(null);
  const left = useCountdown(error);

  const submit = useSubmit(async () => {
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
  });

  const wrong = error?.status === 401;
  const limited = error?.status === 429;
  const said = limited
    ? left > 0
      ? `Too many failed sign-ins. Try again in ${clock(left)}.`
      : "You can try again now."
    : wrong
      ? "E-mail and password do not match."
      : error?.field === ""
        ? error.message
        : "";
  return (
    <AuthCard title="Sign in" lead="Errors of your applications, grouped, counted and kept." error={said}>
      <form onSubmit={submit}>
        <Field
          name="email"
          label="E-mail"
          type="email"
          autoComplete="username"
          autoFocus
          value={email}
          onChange={setEmail}
          error={error?.field === "email" && !wrong ? error.message : ""}
        />
        <Field
          name="password"
          label="Password"
          type="password"
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
          error={error?.field === "password" && !wrong ? error.message : ""}
          help="Forgotten? An owner can make you a link to set a new one."
        />
        <Button
          type="submit"
          variant="contained"
          fullWidth
          disabled={busy || email === "" || password === "" || (limited && left > 0)}
          sx={{ mt: "8px", height: 36 }}
        >
          {busy ? "Signing in…" : "Sign in"}
        </Button>
      </form>
    </AuthCard>
  );
}

/** Seconds until the server would look at another try. */
function useCountdown(error: HttpError | null): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const until = Date.now() + (error?.retryAfterS ?? 0) * 1000;
    const tick = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
    tick();
    const timer = setInterval(tick, 500);
    return () => clearInterval(timer);
  }, [error]);
  return left;
}

const clock = (seconds: number): string =>
  seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
