// Plans in words.
import { type Plan, PlanKind } from "@/gen/errata/v1/limits_pb";
import { exactCount } from "@/shared/format/count";

export const planNames: readonly (readonly [PlanKind, string])[] = [
  [PlanKind.UNLIMITED, "No quota"],
  [PlanKind.FREE, "Free: 1,000 an hour"],
  [PlanKind.PRO, "Pro: 10,000 an hour"],
  [PlanKind.ENTERPRISE, "Enterprise: as many an hour as you say"],
];

const words: Partial<Record<PlanKind, string>> = {
  [PlanKind.FREE]: "Free",
  [PlanKind.PRO]: "Pro",
  [PlanKind.ENTERPRISE]: "Enterprise",
};

/** "Free plan: 1,000 an hour"; "" without a quota. */
export function planWords(plan: Plan | undefined): string {
  const name = plan && words[plan.kind];
  return name && plan.eventsPerHour > 0n ? `${name} plan: ${exactCount(plan.eventsPerHour)} an hour` : "";
}

/** From here on it is told to be nearly used up, as by mail. */
const NEAR = 0.8;

export type Fill = "some" | "near" | "full";

export function fillOf(used: bigint, quota: bigint): Fill {
  const share = Number(used) / Number(quota);
  return share >= 1 ? "full" : share >= NEAR ? "near" : "some";
}
