import { useEffect, useRef } from "preact/hooks";
import type { Content, Reading } from "~/reading/reading";
import type { Study } from "~/server/study";
import { date, personName, time } from "~/studies/values";
import { depthOf, letters, opposite, planeOf, type Vector } from "./geometry";
import type { StackView } from "./view";
import { inShort } from "./windows";

interface Props {
  reading: Reading;
  content: Content;
  view: StackView;
}

/** What is written in the corners of an image, and the letters at its edges. */
export function Corners({ reading, content, view }: Props) {
  const study = reading.studyOf(content);
  const corners = useRef<HTMLDivElement>(null);
  useEffect(() => tellShortened(view.viewport.element, corners.current!), [view]);
  return (
    <div ref={corners} class="corners" aria-hidden={reading.hasCorners.value ? undefined : true}>
      {reading.hasCorners.value && (
        <>
          <Texts
            edge={content.edge}
            top={[patientLines(study), studyLines(study)]}
            bottom={[imageLines(content, view), greyLines(view)]}
          />
          <Edges view={view} />
        </>
      )}
    </div>
  );
}

/** Has the tooltip of a cell say the whole of a line that is cut short, where one points at it: the pointer goes through lines. */
function tellShortened(cell: HTMLElement, corners: HTMLElement): () => void {
  const tell = ({ clientX, clientY, buttons }: PointerEvent) => {
    if (buttons) return;
    const line = [...corners.querySelectorAll<HTMLElement>(".corner > div")].find((one) => {
      const { left, right, top, bottom } = one.getBoundingClientRect();
      const isBelow = left <= clientX && clientX < right && top <= clientY && clientY < bottom;
      return isBelow && one.scrollWidth > one.clientWidth;
    });
    cell.title = line?.textContent ?? "";
  };
  cell.addEventListener("pointermove", tell);
  return () => cell.removeEventListener("pointermove", tell);
}

type Line = string | undefined | false;
type Pair = [left: Line[], right: Line[]];

/** Lines left and right; where the image lies at an edge, all of them at the other side. */
function Texts({ edge, top, bottom }: { edge: Content["edge"]; top: Pair; bottom: Pair }) {
  if (edge) {
    const side = edge === "right" ? "left" : "right";
    return (
      <>
        <Lines at={`top ${side}`} lines={top.flat()} />
        <Lines at={`bottom ${side}`} lines={bottom.flat()} />
      </>
    );
  }
  return (
    <>
      <Lines at="top left" lines={top[0]} />
      <Lines at="top right" lines={top[1]} />
      <Lines at="bottom left" lines={bottom[0]} />
      <Lines at="bottom right" lines={bottom[1]} />
    </>
  );
}

const SEXES: Record<string, string> = { M: "male", F: "female", O: "other" };

function Lines({ at, lines }: { at: string; lines: Line[] }) {
  return (
    <div class={`corner ${at}`}>
      {lines.filter(Boolean).map((line, number) => (
        <div key={number}>{line}</div>
      ))}
    </div>
  );
}

function patientLines(study: Study | undefined): Line[] {
  const sex = study?.PatientSex && (SEXES[study.PatientSex] ?? study.PatientSex);
  return [
    study?.PatientName && personName(study.PatientName),
    study?.PatientID,
    [date(study?.PatientBirthDate), sex].filter(Boolean).join(" · "),
  ];
}

function studyLines(study: Study | undefined): Line[] {
  return [
    study?.InstitutionName,
    [date(study?.StudyDate), time(study?.StudyTime)].filter(Boolean).join(" "),
    study?.StudyDescription,
    study?.AccessionNumber && `Acc. ${study.AccessionNumber}`,
  ];
}

function imageLines({ series }: Content, view: StackView): Line[] {
  const { known } = view;
  const plane = known && !known.image.isSlide && planeOf(known.frame);
  const place = [
    plane && `${depthOf(plane).toFixed(1)} mm`,
    known?.frame.thickness !== undefined && `${inShort(known.frame.thickness)} mm thick`,
  ];
  const ofFrames = known && known.image.frames.length > 1 && view.imageIds.length > known.image.frames.length;
  return [
    [series.Modality, series.SeriesNumber && `Series ${series.SeriesNumber}`].filter(Boolean).join(" · "),
    series.SeriesDescription ?? series.ProtocolName,
    `Image ${view.shown.value + 1}/${view.imageIds.length}`,
    ofFrames && `Frame ${known.number}/${known.image.frames.length}`,
    place.filter(Boolean).join(" · "),
  ];
}

function greyLines(view: StackView): Line[] {
  const { known } = view;
  const window = view.window.value;
  const isGrey = known?.image.photometricInterpretation !== "RGB";
  const lossy = known?.instance.lossy;
  return [
    [known?.instance.laterality, known?.instance.view].filter(Boolean).join(" "),
    lossy && `Lossy${lossy === "1" ? "" : ` ${lossy}:1`}`,
    view.isInverted.value && "Inverted",
    `${Math.round(view.scale * 100)} %`,
    window && isGrey && `C ${inShort(window.center)} · W ${inShort(window.width)}`,
  ];
}

/** Whose the planes and the whole of a volume are, and of when. */
export function Whose({ reading, content }: Omit<Props, "view">) {
  const study = reading.studyOf(content);
  const [name, id, birth] = patientLines(study);
  const [, when] = studyLines(study);
  if (!reading.hasCorners.value) return null;
  return <Lines at={`whose ${content.as}`} lines={[[name, id].filter(Boolean).join(" · "), birth, when]} />;
}

/** The directions in the patient to the four sides of the cell. */
function Edges({ view }: { view: StackView }) {
  const right = sideOf(view, view.wayOf(100, 0));
  const down = sideOf(view, view.wayOf(0, 100));
  return (
    <>
      <div class="edge on-right">{right}</div>
      <div class="edge on-left">{opposite(right)}</div>
      <div class="edge on-bottom">{down}</div>
      <div class="edge on-top">{opposite(down)}</div>
    </>
  );
}

function sideOf({ known }: StackView, way: Vector): string {
  // Its coordinates are those of the glass, and no side of the patient is known.
  if (known?.image.isSlide) return "";
  if (known?.frame.orientation) return letters(way);
  const said = known?.instance.patientOrientation;
  if (!said) return "";
  // Without a position, the axes are those of the image.
  const [row, column] = Math.abs(way[0]) >= Math.abs(way[1]) ? [way[0], 0] : [0, way[1]];
  if (row) return row > 0 ? said[0] : opposite(said[0]);
  return column > 0 ? said[1] : opposite(said[1]);
}
