// What to paste into an application. Which platform is in the address, so that it can be
// handed on and is still there after a reload.
import type { Project, ProjectKey } from "@/gen/errata/v1/project_pb";
import { useViewer } from "@/shared/api/getViewer";
import { CodeBlock } from "@/shared/ui/CodeBlock";
import { Icon } from "@/shared/ui/Icon";
import { useParamsNow } from "@/shared/url/params";
import { setupFor, setupsFor } from "./setups";
import styles from "./projects.module.css";

export function SetUp({ project, projectKey }: { project: Project; projectKey: ProjectKey }) {
  const publicUrl = useViewer().data?.publicUrl;
  const url = (publicUrl || window.location.origin).replace(/\/$/, "");
  const [params, write] = useParamsNow();
  const setups = setupsFor({ dsn: projectKey.dsn, publicKey: projectKey.publicKey, url });
  const chosen = params.get("platform") ?? setupFor(project.platform);
  const setup = setups.find((each) => each.id === chosen) ?? setups[0];
  const choose = (id: string) =>
    write(
      (now) => {
        now.set("platform", id);
        return now;
      },
      { replace: true, preventScrollReset: true },
    );
  return (
    <>
      <OtherAddress publicUrl={publicUrl} />
      <section aria-label="DSN" className={styles.section}>
        <h2>DSN</h2>
        <p className={styles.lead}>
          Where this project&apos;s errors go. It is public: whoever holds it can only send.
        </p>
        <CodeBlock text={projectKey.dsn} what="DSN" />
      </section>
      <section aria-label="Set-up" className={styles.section}>
        <h2>Connect an application</h2>
        <p className={styles.lead}>The Sentry SDKs send here unchanged; only the DSN is another.</p>
        <div className={styles.platforms} role="group" aria-label="Platform">
          {setups.map((each) => (
            <button key={each.id} type="button" aria-pressed={each.id === setup?.id} onClick={() => choose(each.id)}>
              {each.name}
            </button>
          ))}
        </div>
        <ol className={styles.steps}>
          {setup?.steps.map((step) => (
            <li key={step.title}>
              <h3>{step.title}</h3>
              <CodeBlock text={step.text} what={step.title.toLowerCase()} />
            </li>
          ))}
        </ol>
      </section>
    </>
  );
}

/** DSNs hold the configured address; who reads this by another one should know. */
function OtherAddress({ publicUrl }: { publicUrl: string | undefined }) {
  if (!publicUrl || new URL(publicUrl).origin === window.location.origin) return null;
  return (
    <p className={styles.warning} role="note">
      <Icon name="warning" size={14} />
      <span>
        You opened this page at <b>{window.location.origin}</b>, but the server is configured as <b>{publicUrl}</b>:
        that is what the DSN and all links hold. If applications cannot reach that, start the server with{" "}
        <code>ERRATA_PUBLIC_URL={window.location.origin}</code>.
      </span>
    </p>
  );
}
