import { useState } from "preact/hooks";
import { showKeyImage } from "~/derived/key-images";
import type { Reading } from "~/reading/reading";
import type { InstanceRef } from "~/server/dicomweb";
import { askJson } from "~/server/http";
import type { ImageReference } from "~/server/measurements";
import { useAsked } from "~/shell/asked";
import { Failure } from "~/shell/boundary";
import { failed } from "~/shell/notices";
import type { CellProps } from "~/viewport/cell";
import { DocumentFrame } from "./document-frame";
import { ownUrl } from "./instances";

export interface Section {
  kind: string;
  heading: string;
  text: string;
  relationship: string;
  reference: ImageReference | null;
  items: Section[];
}

/** Structured reports, as headed sections that can be searched. */
export function ReportCell(props: CellProps) {
  return (
    <DocumentFrame {...props} kind={props.content.series.kind}>
      {(instance) => <Report key={instance.instance} reading={props.reading} instance={instance} />}
    </DocumentFrame>
  );
}

function Report({ reading, instance }: { reading: Reading; instance: InstanceRef }) {
  const [text, setText] = useState("");
  const url = `${ownUrl(instance)}/report`;
  const { value, error } = useAsked((signal) => askJson<Section>(url, { signal }), url);
  if (error) return <Failure error={error} />;
  if (!value) return <div class="loading" role="status" aria-label="Loading" />;
  const found = text ? matching(value, text.toLowerCase()) : value;
  return (
    <>
      <header class="document-bar">
        <h2>{value.heading}</h2>
        <span class="hint" />
        <input
          type="search"
          placeholder="Search the report"
          aria-label="Search the report"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </header>
      <article class="report" tabIndex={0} aria-label={value.heading}>
        {found ? (
          found.items.map((section, index) => (
            <Part key={index} reading={reading} section={section} level={3} />
          ))
        ) : (
          <p class="hint">Nothing in this report matches.</p>
        )}
      </article>
    </>
  );
}

function Part({ reading, section, level }: { reading: Reading; section: Section; level: number }) {
  const Heading = `h${Math.min(level, 6)}` as "h3";
  const isSection = section.kind === "CONTAINER" || section.items.length > 0;
  const said = <Said reading={reading} section={section} />;
  if (!isSection) {
    return (
      <p class="report-line">
        {section.heading && <b>{section.heading}</b>} {said}
      </p>
    );
  }
  return (
    <section>
      <Heading>
        {section.heading || kindName(section.kind)} {said}
      </Heading>
      {section.items.map((item, index) => (
        <Part key={index} reading={reading} section={item} level={level + 1} />
      ))}
    </section>
  );
}

function Said({ reading, section }: { reading: Reading; section: Section }) {
  if (section.kind === "IMAGE" && section.reference) {
    const { reference } = section;
    return (
      <button type="button" onClick={() => showKeyImage(reading, reference).catch((error) => failed(error))}>
        Show the image{reference.frames.length ? `, frame ${reference.frames[0]! + 1}` : ""}
      </button>
    );
  }
  return section.text ? <span class="report-text">{section.text}</span> : null;
}

const KINDS: Record<string, string> = {
  SCOORD: "Place in an image",
  SCOORD3D: "Place in space",
  TCOORD: "Place in time",
  IMAGE: "Image",
  COMPOSITE: "Object",
  WAVEFORM: "Waveform",
};

const kindName = (kind: string): string => KINDS[kind] ?? "";

/** The part of a report that has a text in it, with the headings that lead there; undefined when nothing has. */
export function matching(section: Section, text: string): Section | undefined {
  if (`${section.heading} ${section.text}`.toLowerCase().includes(text)) return section;
  const items = section.items.map((item) => matching(item, text)).filter((item) => item !== undefined);
  return items.length ? { ...section, items } : undefined;
}
