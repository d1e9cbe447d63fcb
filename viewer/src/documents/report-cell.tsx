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
          <Parts reading={reading} sections={found.items} level={3} />
        ) : (
          <p class="hint">Nothing in this report matches.</p>
        )}
      </article>
    </>
  );
}

/** Sections one below the other; several images in turn as one line, since an image library has hundreds. */
function Parts({ reading, sections, level }: { reading: Reading; sections: Section[]; level: number }) {
  const runs: Section[][] = [];
  for (const section of sections) {
    const last = runs.at(-1)?.[0];
    if (last && isImage(last) && isImage(section) && last.heading === section.heading) {
      runs.at(-1)!.push(section);
    } else runs.push([section]);
  }
  return runs.map((run, index) =>
    run.length > MOST_IMAGES ? (
      <Images key={index} reading={reading} sections={run} />
    ) : (
      run.map((section, place) => (
        <Part key={`${index} ${place}`} reading={reading} section={section} level={level} />
      ))
    ),
  );
}

/** How many images are shown as a line each. */
const MOST_IMAGES = 3;

const isImage = ({ kind, reference, items }: Section): boolean =>
  kind === "IMAGE" && reference !== null && !items.length;

function Images({ reading, sections }: { reading: Reading; sections: Section[] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="report-images" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {sections[0]!.heading && <b>{sections[0]!.heading}</b>} {sections.length} images
      </summary>
      {isOpen &&
        sections.map(({ reference }, index) => (
          <ShowImage key={index} reading={reading} reference={reference!} what={`image ${index + 1}`} />
        ))}
    </details>
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
      <Parts reading={reading} sections={section.items} level={level + 1} />
    </section>
  );
}

function Said({ reading, section }: { reading: Reading; section: Section }) {
  if (section.kind === "IMAGE" && section.reference) {
    return <ShowImage reading={reading} reference={section.reference} what="the image" />;
  }
  return section.text ? <span class="report-text">{section.text}</span> : null;
}

function ShowImage({
  reading,
  reference,
  what,
}: {
  reading: Reading;
  reference: ImageReference;
  what: string;
}) {
  return (
    <button type="button" onClick={() => showKeyImage(reading, reference).catch((error) => failed(error))}>
      Show {what}
      {reference.frames.length ? `, frame ${reference.frames[0]! + 1}` : ""}
    </button>
  );
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
