// What was stored of what the plan allows: the hour at hand, and the hours before.
import Skeleton from "@mui/material/Skeleton";
import { type ReactNode, useState } from "react";
import { Role } from "@/gen/errata/v1/command_pb";
import type { GetUsageResponse, Usage as UsageOf } from "@/gen/errata/v1/limits_pb";
import { useViewer } from "@/shared/api/getViewer";
import { exactCount, plural, share } from "@/shared/format/count";
import { absolute, hourLabel, toDate } from "@/shared/format/time";
import { BarChart, type ChartSeries, Legend } from "@/shared/ui/BarChart";
import { Count, Segments } from "@/shared/ui/bits";
import { ErrorState } from "@/shared/ui/states";
import { useOrganizationUsage, useUsage } from "./api/getUsage";
import { categoryName } from "./arrivals";
import { fillOf, planWords } from "./plans";
import styles from "./projects.module.css";

const SPANS = [
  ["24", "24 hours"],
  ["168", "7 days"],
] as const;
type Span = (typeof SPANS)[number][0];
const HOUR_S = 3600;

export function Usage({ projectId }: { projectId: number }) {
  const [span, setSpan] = useState<Span>("24");
  const query = useUsage(projectId, Number(span));
  const viewer = useViewer().data;
  const organization = useOrganizationUsage(viewer?.viewer?.role === Role.OWNER).data?.usage;
  return (
    <section aria-label="Usage" className={styles.section}>
      <div className={styles.sectionTop}>
        <h2>Usage</h2>
        <Segments label="Time span of the usage" value={span} options={SPANS} onChange={setSpan} />
      </div>
      {query.isError ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : query.data ? (
        <Told
          answer={query.data}
          shared={organization && planWords(organization.plan) !== "" ? organization : undefined}
          plan={viewer?.plan ?? ""}
        />
      ) : (
        <Skeleton height={180} width="100%" />
      )}
    </section>
  );
}

interface ToldProps {
  answer: GetUsageResponse;
  /** The organisation's, if it has a quota. */
  shared: UsageOf | undefined;
  /** The organisation's plan, which everybody may know. */
  plan: string;
}

function Told({ answer, shared, plan }: ToldProps) {
  const usage = answer.projects[0];
  if (!usage) return <p className={styles.lead}>Nothing is known of this project&rsquo;s usage yet.</p>;
  const others = usage.categories.filter(
    (each) => (each.category !== "error" && each.stored > 0n) || each.limited > 0n,
  );
  return (
    <>
      {!answer.enabled && (
        <p className={styles.lead}>
          Limits are switched off on this server (<code>limits.enabled</code>): nothing is turned away for its number.
        </p>
      )}
      <Quota usage={usage} of="This hour">
        {shared || !["", "unlimited"].includes(plan)
          ? "No quota of its own: what the organisation’s plan allows, all projects share."
          : "No quota: nothing is turned away, however much comes in an hour."}
      </Quota>
      {shared && (
        <Quota usage={shared} of="All projects together">
          {null}
        </Quota>
      )}
      <Hours usage={usage} />
      {others.length > 0 && (
        <ul className={styles.categories} aria-label="Of this hour">
          {others.map((each) => (
            <li key={each.category}>
              {categoryName(each.category)}: <Count value={each.stored} one="item" /> stored
              {each.limited > 0n && (
                <>
                  , <Count value={each.limited} one="item" /> turned away
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** The hour at hand beside the quota; `children` where there is none. */
function Quota({ usage, of, children }: { usage: UsageOf; of: string; children: ReactNode }) {
  const words = planWords(usage.plan);
  const quota = usage.plan?.eventsPerHour ?? 0n;
  if (words === "") return <p className={styles.lead}>{children}</p>;
  const fill = fillOf(usage.used, quota);
  const resets = usage.resetsAt && toDate(usage.resetsAt);
  return (
    <div className={styles.quota}>
      <p>
        {of} <b>{exactCount(usage.used)}</b> of {plural(quota, "error")} ({share(usage.used, quota)})
        {fill === "full" && <b className={styles.quotaFull}> · used up: further ones are turned away</b>}
        {fill === "near" && <b className={styles.quotaNear}> · nearly used up</b>}
      </p>
      <div
        className={styles.meter}
        role="meter"
        aria-label={`${of}, of the quota`}
        aria-valuemin={0}
        aria-valuemax={Number(quota)}
        aria-valuenow={Number(usage.used)}
        data-fill={fill}
      >
        <span style={{ width: `${Math.min(100, (Number(usage.used) / Number(quota)) * 100)}%` }} />
      </div>
      <p className={styles.quotaNote}>
        {words}.
        {resets && (
          <>
            {" "}
            Begins anew at <time data-tip={absolute(resets)}>{hourLabel(resets)}</time>.
          </>
        )}
      </p>
    </div>
  );
}

function Hours({ usage }: { usage: UsageOf }) {
  const first = usage.hours[0]?.beginsAt;
  const quota = Number(usage.plan?.eventsPerHour ?? 0n);
  const limited = usage.hours.map((hour) => Number(hour.limited));
  const series: ChartSeries[] = [
    { name: "stored", colour: "var(--accent)", counts: usage.hours.map((hour) => Number(hour.stored)) },
    ...(limited.some((count) => count > 0)
      ? [{ name: "turned away", colour: "var(--series-2)", counts: limited }]
      : []),
  ];
  if (!first) return null;
  return (
    <>
      <BarChart
        label="Errors by the hour"
        from={toDate(first)}
        bucketS={HOUR_S}
        series={series}
        height={132}
        one="error"
        limit={quota > 0 ? quota : undefined}
      />
      {series.length > 1 && <Legend series={series} />}
    </>
  );
}
