import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Kind } from "~/server/study";
import { useAsked } from "~/shell/asked";
import { Failure } from "~/shell/boundary";
import type { CellProps } from "~/viewport/cell";
import { instancesOf, type Shown } from "./instances";
import "./documents.css";

interface Props extends CellProps {
  kind: Kind;
  /** What shows one of them. */
  children: (instance: Shown) => ComponentChildren;
}

/** A cell of a series of documents: one at a time, with a choice when there are several. */
export function DocumentFrame({ reading, index, content, kind, children }: Props) {
  const [chosen, setChosen] = useState(0);
  const { value: instances, error } = useAsked(() => instancesOf(reading, content, kind), content.series.uid);
  const instance = instances?.[chosen];
  // The header panel shows its header.
  useEffect(() => {
    reading.noteDocument(index, instance);
    return () => reading.noteDocument(index, undefined);
  }, [instance]);
  if (error) return <Failure error={error} />;
  if (!instances) return <div class="loading" role="status" aria-label="Loading" />;
  if (!instance) return <Failure error={new Error("this series has nothing of its kind any more")} />;
  return (
    <div class="document-frame">
      {instances.length > 1 && (
        <nav class="document-choice" aria-label="Documents of the series">
          <button type="button" disabled={chosen === 0} onClick={() => setChosen(chosen - 1)}>
            Previous
          </button>
          <span>
            {chosen + 1} of {instances.length}
          </span>
          <button
            type="button"
            disabled={chosen === instances.length - 1}
            onClick={() => setChosen(chosen + 1)}
          >
            Next
          </button>
        </nav>
      )}
      {children(instance)}
    </div>
  );
}
