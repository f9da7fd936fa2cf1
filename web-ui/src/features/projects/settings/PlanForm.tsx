// How much of a project may be stored in an hour.
import Button from "@mui/material/Button";
import { useState } from "react";
import { type Plan, PlanKind } from "@/gen/errata/v1/limits_pb";
import { useNotices } from "@/shared/state/notices";
import { Failure, Part, useRefused } from "@/shared/ui/form";
import { useSubmit } from "@/shared/ui/useSubmit";
import { planNames } from "../plans";
import { type PlanChoice, useSetPlan } from "./api/setPlan";
import styles from "./settings.module.css";

const PER_HOUR_MAX = 1_000_000_000;

const choiceOf = (plan: Plan | undefined): PlanChoice => {
  const kind = plan?.kind || PlanKind.UNLIMITED;
  return { kind, eventsPerHour: kind === PlanKind.ENTERPRISE ? (plan?.eventsPerHour ?? 0n) : 0n };
};

const planOf = (value: string): PlanKind =>
  planNames.find(([each]) => String(each) === value)?.[0] ?? PlanKind.UNLIMITED;

export function PlanForm({ projectId, plan }: { projectId: number; plan: Plan | undefined }) {
  const saved = choiceOf(plan);
  const [kind, setKind] = useState(saved.kind);
  const [perHour, setPerHour] = useState(saved.eventsPerHour > 0n ? String(saved.eventsPerHour) : "");
  const setPlan = useSetPlan(projectId);
  const show = useNotices((state) => state.show);
  const refused = useRefused(setPlan.error);
  const given = Number(perHour);
  const isNumber = /^\d+$/.test(perHour.trim()) && given >= 1 && given <= PER_HOUR_MAX;
  const asks = kind === PlanKind.ENTERPRISE;
  const next: PlanChoice = { kind, eventsPerHour: asks && isNumber ? BigInt(given) : 0n };
  const changed = next.kind !== saved.kind || next.eventsPerHour !== saved.eventsPerHour;
  const submit = useSubmit(async () => {
    await setPlan.mutateAsync(next);
    show("Quota saved", () => setPlan.mutate(saved));
  });
  return (
    <Part
      fill
      title="Quota"
      lead="How many errors of this project may be stored in an hour; attachments, sessions and check-ins count each by themselves. What comes beyond it is turned away and counted, and SDKs are told to wait. Owners get a mail at 80 and at 100 %."
    >
      <form className={styles.general} onSubmit={submit}>
        <label>
          <span>Plan</span>
          <select value={kind} onChange={(event) => setKind(planOf(event.target.value))}>
            {planNames.map(([each, text]) => (
              <option key={each} value={each}>
                {text}
              </option>
            ))}
          </select>
        </label>
        {asks && (
          <label>
            <span>Errors an hour</span>
            <input
              inputMode="numeric"
              value={perHour}
              placeholder="1 to 1,000,000,000"
              onChange={(event) => setPerHour(event.target.value)}
              {...refused.at("events_per_hour")}
            />
          </label>
        )}
        <div className={styles.save}>
          <Button type="submit" variant="outlined" disabled={!changed || (asks && !isNumber) || setPlan.isPending}>
            Save quota
          </Button>
          <Failure error={setPlan.error} id={refused.id} />
        </div>
      </form>
    </Part>
  );
}
