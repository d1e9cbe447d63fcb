import { Dialog } from "./dialog";
import { capsOf, keys } from "./keys";

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
                    <Caps of={row.keys} />
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

function Caps({ of }: { of: string[] }) {
  const lower = new Set(of.filter((key) => key === key.toLowerCase()));
  // Where a letter does the same with and without Shift, it is said once.
  const said = of.filter((key) => key.length > 1 || lower.has(key) || !lower.has(key.toLowerCase()));
  return (
    <>
      {said.map((key) => (
        <span key={key}>
          {capsOf(key).map((cap) => (
            <kbd key={cap}>{cap}</kbd>
          ))}
        </span>
      ))}
    </>
  );
}
