/** What marks came to while their pixels were here: volumes are let go with the planes that are cut from them. */

import type { Value } from "~/server/measurements";
import { isSame, type Mark } from "./marks";

interface Counted {
  mark: Mark;
  values: Value[];
}

export class Remembered {
  private readonly counted = new Map<string, Counted>();

  /** The values of a mark; those from before, or that were saved, where they are more and it still lies there. */
  better(mark: Mark, values: Value[], saved?: Counted): Value[] {
    const counted = this.counted.get(mark.uid);
    const known = [counted, saved].find(
      (one) => one && one.values.length > values.length && liesAs(mark, one.mark),
    );
    if (known) return known.values;
    if (values.length >= (counted?.values.length ?? 0)) this.counted.set(mark.uid, { mark, values });
    return values;
  }
}

/** Whether a mark is where another is, whatever is said of it. */
const liesAs = (mark: Mark, other: Mark): boolean =>
  isSame({ ...mark, label: other.label, colour: other.colour }, other);
