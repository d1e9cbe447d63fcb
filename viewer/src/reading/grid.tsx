import { Cell } from "~/viewport/cell";
import type { Reading } from "./reading";

/** The cells, side by side; or one of them alone. */
export function Grid({ reading }: { reading: Reading }) {
  const { rows, columns } =
    reading.alone.value === undefined ? reading.layout.value : { rows: 1, columns: 1 };
  const style = { gridTemplate: `repeat(${rows}, minmax(0, 1fr)) / repeat(${columns}, minmax(0, 1fr))` };
  return (
    <main class="grid" style={style}>
      {reading.cells.value.map((content, index) => (
        <Cell key={index} reading={reading} index={index} content={content} />
      ))}
    </main>
  );
}
