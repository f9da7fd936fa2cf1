// One's own account and the organisation's people, in sections; which one is in the
// address.
import { Link, Navigate, useParams } from "react-router";
import { useViewer } from "@/shared/api/getViewer";
import { usePreferences } from "@/shared/state/preferences";
import { AlertsOff } from "@/shared/ui/AlertsOff";
import { bringIntoView, PageHead, Segments } from "@/shared/ui/bits";
import { Members } from "./Members";
import { Part } from "@/shared/ui/form";
import { Profile } from "./Profile";
import { Sessions } from "./Sessions";
import { Tokens } from "./Tokens";
import styles from "./settings.module.css";

const sections = [
  ["profile", "Profile", Profile],
  ["members", "Members", Members],
  ["tokens", "API tokens", Tokens],
  ["sessions", "Sessions", Sessions],
  ["appearance", "Appearance", Appearance],
] as const;

export function SettingsPage() {
  const chosen = useParams()["section"] ?? "profile";
  const section = sections.find(([id]) => id === chosen);
  const viewer = useViewer().data;
  if (!section) return <Navigate to="/settings" replace />;
  const [id, title, Section] = section;
  return (
    <div className={styles.page}>
      <PageHead title="Settings" of={title} />
      <AlertsOff />
      <nav className={styles.sections} aria-label="Settings">
        {sections.map(([each, text]) => (
          <Link
            key={each}
            to={each === "profile" ? "/settings" : `/settings/${each}`}
            aria-current={each === id ? "page" : undefined}
            ref={each === id ? bringIntoView : undefined}
          >
            {text}
          </Link>
        ))}
      </nav>
      <Section />
      {viewer && (
        <p className={styles.about}>
          {viewer.organization} · Errata {viewer.version} · no quotas
        </p>
      )}
    </div>
  );
}

function Appearance() {
  const { scheme, setScheme } = usePreferences();
  return (
    <Part title="Appearance" lead="On this device.">
      <Segments
        label="Appearance"
        value={scheme}
        options={[
          ["system", "As the system"],
          ["light", "Light"],
          ["dark", "Dark"],
        ]}
        onChange={setScheme}
      />
    </Part>
  );
}
