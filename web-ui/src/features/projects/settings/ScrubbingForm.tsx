import Button from "@mui/material/Button";
import { ScrubMethod, type Scrubbing } from "@/gen/errata/v1/settings_pb";
import { useNotices } from "@/shared/state/notices";
import { Icon } from "@/shared/ui/Icon";
import { useSetScrubbing } from "./api/setScrubbing";
import {
  chosen,
  isExpression,
  methods,
  patterns,
  type RuleDraft,
  type ScrubbingDraft,
  scrubbingDraft,
  scrubbingOf,
  sourceLines,
} from "./draft";
import { Lines, Part, Save, Switch, useRefused } from "@/shared/ui/form";
import { useSubmit } from "@/shared/ui/useSubmit";
import styles from "./settings.module.css";

interface Props {
  projectId: number;
  saved: Scrubbing | undefined;
  draft: ScrubbingDraft;
  onChange: (draft: ScrubbingDraft) => void;
}

const LEAD =
  "Passwords, tokens, keys of well-known services, private keys, card numbers, bank accounts and social security " +
  "numbers are always masked before an event is stored. Here is what is masked beyond that, and what is left alone.";

/** The choice that opens a field for an expression. */
const EXPRESSION = "expression";

export function ScrubbingForm({ projectId, saved, draft, onChange }: Props) {
  const save = useSetScrubbing(projectId);
  const show = useNotices((state) => state.show);
  const refused = useRefused(save.error);
  const send = useSubmit(async () => {
    await save.mutateAsync(scrubbingOf(draft));
    show("Data scrubbing saved: it holds from the next event on");
  });
  const before = scrubbingDraft(saved);
  const changed = JSON.stringify(scrubbingOf(draft)) !== JSON.stringify(scrubbingOf(before));
  const setRule = (key: number, change: Partial<RuleDraft>) =>
    onChange({ ...draft, rules: draft.rules.map((rule) => (rule.key === key ? { ...rule, ...change } : rule)) });
  const add = () => {
    const key = Math.max(-1, ...draft.rules.map((rule) => rule.key)) + 1;
    onChange({ ...draft, rules: [...draft.rules, { key, where: "", what: "", how: ScrubMethod.MASK }] });
  };
  return (
    <Part fill title="Data scrubbing" lead={LEAD}>
      <div className={styles.switches}>
        <Switch
          label="E-mail addresses"
          hint="Mask them wherever they stand, the user's included."
          checked={draft.emails}
          onChange={(emails) => onChange({ ...draft, emails })}
        />
        <Switch
          label="IP addresses"
          hint="Mask them wherever they stand, the user's included."
          checked={draft.ipAddresses}
          onChange={(ipAddresses) => onChange({ ...draft, ipAddresses })}
        />
      </div>
      <label className={styles.choice}>
        <span>Source lines in stack traces</span>
        <select
          value={draft.sourceLines}
          onChange={(event) =>
            onChange({ ...draft, sourceLines: chosen(sourceLines, event.target.value) ?? draft.sourceLines })
          }
        >
          {sourceLines.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <div className={styles.rules} role="group" aria-label="Rules">
        <h3>Rules</h3>
        <p className={styles.hint}>
          A name (<code>iban</code>) anywhere, a path (<code>extra.**.iban</code>, <code>request.headers.x-*</code>), or{" "}
          <code>$string</code> for every string.
        </p>
        {draft.rules.map((rule, index) => (
          <Rule
            key={rule.key}
            number={index + 1}
            rule={rule}
            onChange={(change) => setRule(rule.key, change)}
            onRemove={() => onChange({ ...draft, rules: draft.rules.filter((each) => each.key !== rule.key) })}
          />
        ))}
        <Button variant="outlined" onClick={add}>
          Add a rule
        </Button>
      </div>
      <Lines
        label="Never masked by default"
        hint="Names and paths, one a line. Your own rules still hold for them."
        placeholder="public_token"
        value={draft.allow}
        onChange={(allow) => onChange({ ...draft, allow })}
        refused={refused.at("allow")}
      />
      <Save
        what="data scrubbing"
        changed={changed}
        pending={save.isPending}
        error={save.error}
        errorId={refused.id}
        onSave={send}
        onReset={() => {
          save.reset();
          onChange(before);
        }}
      />
    </Part>
  );
}

interface RuleProps {
  number: number;
  rule: RuleDraft;
  onChange: (change: Partial<RuleDraft>) => void;
  onRemove: () => void;
}

function Rule({ number, rule, onChange, onRemove }: RuleProps) {
  const own = isExpression(rule.what);
  return (
    <div className={styles.rule} role="group" aria-label={`Rule ${number}`}>
      <input
        aria-label="Where"
        placeholder="where: extra.**.iban"
        spellCheck={false}
        maxLength={200}
        value={rule.where}
        onChange={(event) => onChange({ where: event.target.value })}
      />
      <select
        aria-label="What"
        value={own ? EXPRESSION : rule.what}
        onChange={(event) => onChange({ what: event.target.value === EXPRESSION ? " " : event.target.value })}
      >
        {patterns.map(([id, label]) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
        <option value={EXPRESSION}>an expression…</option>
      </select>
      <select
        aria-label="How"
        value={rule.how}
        onChange={(event) => onChange({ how: chosen(methods, event.target.value) ?? rule.how })}
      >
        {methods.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <button
        type="button"
        className={styles.remove}
        aria-label={`Remove rule ${number}`}
        title="Remove this rule"
        onClick={onRemove}
      >
        <Icon name="close" size={14} />
      </button>
      {own && (
        <input
          className={styles.expression}
          aria-label="Expression"
          placeholder="K-[0-9]{6}"
          spellCheck={false}
          maxLength={500}
          value={rule.what.trimStart()}
          onChange={(event) => onChange({ what: event.target.value === "" ? " " : event.target.value })}
        />
      )}
    </div>
  );
}
