import { TOOLS } from "./parts";
import type { Reading } from "./reading";

export function ToolBar({ reading }: { reading: Reading }) {
  return (
    <div class="tool-bar" role="toolbar" aria-label="Tools">
      {TOOLS.map(({ id, title, component: Group }) => (
        <fieldset key={id} class="tool-group" aria-label={title}>
          <Group reading={reading} />
        </fieldset>
      ))}
    </div>
  );
}
