import { Cell } from "~/viewport/cell";
import type { Reading } from "./reading";

/** The cells, side by side. */
export function Grid({ reading }: { reading: Reading }) {
  const { rows, columns } = reading.layout.value;
  const style = { gridTemplate: `repeat(${rows}, 1fr) / repeat(${columns}, 1fr)` };
  return (
    <main class="grid" style={style}>
      {reading.cells.value.map((content, index) => (
        <Cell key={index} reading={reading} index={index} content={content} />
      ))}
    </main>
  );
}
