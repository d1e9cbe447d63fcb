import { useState } from "preact/hooks";
import type { InstanceRef } from "~/server/dicomweb";
import { askJson } from "~/server/http";
import { useAsked } from "~/shell/asked";
import { Failure } from "~/shell/boundary";
import type { CellProps } from "~/viewport/cell";
import { DocumentFrame } from "./document-frame";
import { ownUrl } from "./instances";

interface Description {
  title: string;
  suffix: string;
  size: number;
  /** Width and height of each page, in points. */
  pages?: [number, number][];
  error?: string;
}

const WIDTHS = [600, 900, 1200, 1800, 2700];

/** Encapsulated documents: a PDF as its pages, anything else as a file to keep. */
export function DocumentCell(props: CellProps) {
  return (
    <DocumentFrame {...props} kind="document">
      {(instance) => <Document key={instance.instance} instance={instance} />}
    </DocumentFrame>
  );
}

function Document({ instance }: { instance: InstanceRef }) {
  const [width, setWidth] = useState(2);
  const url = `${ownUrl(instance)}/document`;
  const { value, error } = useAsked((signal) => askJson<Description>(url, { signal }), url);
  if (error) return <Failure error={error} />;
  if (!value) return <div class="loading" role="status" aria-label="Loading" />;
  const pixels = WIDTHS[width]!;
  return (
    <>
      <header class="document-bar">
        <h2>{value.title || "Document"}</h2>
        <span class="hint">
          {value.pages ? `${value.pages.length} pages · ` : ""}
          {value.suffix.slice(1).toUpperCase()} · {Math.ceil(value.size / 1024).toLocaleString("en")} KiB
        </span>
        {value.pages && (
          <>
            <button
              type="button"
              aria-label="Smaller"
              disabled={width === 0}
              onClick={() => setWidth(width - 1)}
            >
              −
            </button>
            <button
              type="button"
              aria-label="Larger"
              disabled={width === WIDTHS.length - 1}
              onClick={() => setWidth(width + 1)}
            >
              +
            </button>
          </>
        )}
        <a href={`${url}/file`} download>
          Save the file
        </a>
      </header>
      {value.error && <p class="document-words">{value.error}; the file itself can be saved.</p>}
      {!value.pages && !value.error && (
        <p class="document-words">This kind of document is not drawn here; save the file to open it.</p>
      )}
      <div class="pages" tabIndex={0} role="region" aria-label="Pages">
        {value.pages?.map(([wide, high], index) => (
          <img
            key={index}
            alt={`Page ${index + 1}`}
            loading="lazy"
            src={`${url}/pages/${index + 1}?width=${pixels}`}
            style={{ width: `${pixels / 1.5}px`, aspectRatio: `${wide} / ${high}` }}
          />
        ))}
      </div>
    </>
  );
}
