import { useLayoutEffect, useRef } from "preact/hooks";
import { page } from "../page";
import { LEVELS, levelsIn, serverIn, serverText, settingIn } from "../settings";
import { Dialog, Select } from "./parts";

const ROLES = [["", "as the files say"], ["production", "production"], ["development", "development"]] as const;

/** What the files cannot say, written into the project's `plimsoll.yaml`. */
export function Settings({ onClose }: { onClose: () => void }) {
  page.filesChanged.value;
  const text = page.config?.text ?? "";
  const server = serverIn(text);
  const setServer = (change: Partial<typeof server>) => page.writeSetting("server", serverText({ ...server, ...change }));
  return (
    <Dialog id="settings" title="Settings of this project" onClose={onClose}>
      <div class="dialog-body">
        <p>They are written into <code>plimsoll.yaml</code>, beside your files, where the command and the editors read them as well.</p>
        <div class="settings">
          <Select label="Compose files are for" value={settingIn(text, "role")} options={ROLES} onChoose={(it) => page.writeSetting("role", it)} />
          <Field label="CPUs of the server" value={server.cpus} example="4" pattern="[0-9]+(\.[0-9]+)?" onEnter={(cpus) => setServer({ cpus })} />
          <Field label="Memory of the server" value={server.memory} example="8GiB" pattern="[0-9]+(\.[0-9]+)?[KMGTkmgt][iI]?[bB]?" onEnter={(memory) => setServer({ memory })} />
          <Field label="Kubernetes release" value={settingIn(text, "kubernetes")} example="1.33" pattern="1\.[0-9]+" onEnter={(it) => page.writeSetting("kubernetes", it)} />
        </div>
        <Levels text={text} />
      </div>
    </Dialog>
  );
}

/** The levels of the rules that found something, and of those that have a level already. */
function Levels({ text }: { text: string }) {
  const levels = levelsIn(text);
  const names = new Map((page.analysis.value?.report.findings ?? []).map((it) => [it.code as string, it.name as string]));
  const codes = [...new Set([...names.keys(), ...levels.keys()])].sort();
  if (!codes.length) return null;
  return (
    <section aria-label="Levels of rules">
      <h3>Levels of rules</h3>
      <div class="settings">
        {codes.map((code) => (
          <Select key={code} label={`${code} ${names.get(code) ?? ""}`.trim()} value={levels.get(code) ?? ""}
            options={[["", "as it is"], ...LEVELS.map((it) => [it, it] as const)]} onChoose={(it) => page.setLevel(code, it)} />
        ))}
      </div>
    </section>
  );
}

interface FieldProps {
  label: string;
  value: string;
  example: string;
  pattern: string;
  onEnter: (value: string) => void;
}

/** A setting that is typed, and taken when the field is left. A text that the engine would refuse is not taken. */
function Field({ label, value, example, pattern, onEnter }: FieldProps) {
  const input = useRef<HTMLInputElement>(null);
  // By hand, because every analysis renders this again, and would take away what is being typed.
  useLayoutEffect(() => {
    if (input.current) input.current.value = value;
  }, [value]);
  return (
    <label class="ask">
      {label}
      <input ref={input} placeholder={`such as ${example}`} pattern={pattern} size={12} autocomplete="off" spellcheck={false}
        onChange={({ currentTarget }) => (currentTarget.reportValidity() ? onEnter(currentTarget.value.trim()) : undefined)} />
    </label>
  );
}
