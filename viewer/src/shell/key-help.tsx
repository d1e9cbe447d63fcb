import { Dialog } from "./dialog";
import { keys } from "./keys";

const NAMES: Record<string, string> = {
  " ": "Space",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
};

/** What `?` shows: every key that works on the page behind. */
export function KeyHelp({ onClose }: { onClose: () => void }) {
  const groups = Map.groupBy(keys.value, (key) => key.group);
  return (
    <Dialog title="Keys" onClose={onClose} wide>
      <div class="key-groups">
        {[...groups].map(([group, rows]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {rows.map((row) => (
                <div key={row.keys.join()}>
                  <dt>
                    {row.keys.map((key) => (
                      <kbd key={key}>{NAMES[key] ?? key}</kbd>
                    ))}
                  </dt>
                  <dd>{row.does}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
