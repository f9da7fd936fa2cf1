// Where one is signed in, and out again.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { postJson } from "@/shared/api/http";
import { queryClient } from "@/shared/api/queryClient";
import { failureOf } from "@/shared/format/failure";
import { useNotices } from "@/shared/state/notices";
import { Pill, RelativeTime } from "@/shared/ui/bits";
import { ErrorState } from "@/shared/ui/states";
import { useEndSession } from "./api/endSession";
import { useSessions } from "./api/listSessions";
import { Confirm, Part } from "@/shared/ui/form";
import styles from "./settings.module.css";

export function Sessions() {
  const sessions = useSessions();
  const end = useEndSession();
  const { show, fail } = useNotices();
  if (sessions.isPending) return <Skeleton height={160} width="100%" />;
  if (sessions.isError) return <ErrorState error={sessions.error} retry={() => void sessions.refetch()} />;
  const signOut = (id: string) =>
    end.mutate(id, {
      onSuccess: () => show("Signed out there"),
      onError: (cause) =>
        fail(`Not signed out: ${failureOf(cause).reason}.`, { topic: "session", errorId: failureOf(cause).id }),
    });
  return (
    <Part title="Sessions" lead="Where you are signed in. A session ends by itself 30 days after the sign-in.">
      <ul className={styles.members} aria-label="Sessions">
        {sessions.data.map((session) => (
          <li key={session.id}>
            <span className={styles.memberName}>
              <b>{session.device || "Unknown browser"}</b>
              <span>
                signed in <RelativeTime time={session.startedAt} suffix=" ago" />
                {session.lastUsedAt ? (
                  <>
                    {" · used "}
                    <RelativeTime time={session.lastUsedAt} suffix=" ago" />
                    {session.lastAddress && ` from ${session.lastAddress}`}
                  </>
                ) : (
                  " · not used since the server started"
                )}
              </span>
            </span>
            {session.current ? (
              <Pill kind="accent">This one</Pill>
            ) : (
              <Button
                variant="text"
                aria-label={`Sign out ${session.device || "this browser"}`}
                disabled={end.isPending}
                onClick={() => signOut(session.id)}
              >
                Sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
      <SignOutEverywhere />
    </Part>
  );
}

function SignOutEverywhere() {
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const [endTokens, setEndTokens] = useState(false);
  const run = useMutation({
    mutationFn: () => postJson("/auth/sign-out-everywhere", { end_tokens: endTokens }),
    onSuccess: async () => {
      queryClient.clear();
      await navigate("/sign-in");
    },
  });
  return (
    <>
      <Button variant="outlined" onClick={() => setAsking(true)}>
        Sign out everywhere
      </Button>
      {asking && (
        <Confirm
          title="Sign out everywhere?"
          action="Sign out everywhere"
          pending={run.isPending}
          error={run.error}
          onClose={() => setAsking(false)}
          onConfirm={() => run.mutate()}
        >
          <p>On every device, this one included.</p>
          <label className={styles.check}>
            <input type="checkbox" checked={endTokens} onChange={(event) => setEndTokens(event.target.checked)} />
            Revoke my API tokens, too
          </label>
        </Confirm>
      )}
    </>
  );
}
