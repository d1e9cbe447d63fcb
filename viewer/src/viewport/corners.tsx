import type { Content, Reading } from "~/reading/reading";
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
  return (
    <div class="corners" aria-hidden={reading.hasCorners.value ? undefined : true}>
      {reading.hasCorners.value && (
        <>
          <Patient reading={reading} content={content} />
          <Study reading={reading} content={content} />
          <Image content={content} view={view} />
          <Grey view={view} />
          <Edges view={view} />
        </>
      )}
    </div>
  );
}

const SEXES: Record<string, string> = { M: "male", F: "female", O: "other" };

function Lines({ at, lines }: { at: string; lines: (string | undefined | false)[] }) {
  return (
    <div class={`corner ${at}`}>
      {lines.filter(Boolean).map((line, number) => (
        <div key={number}>{line}</div>
      ))}
    </div>
  );
}

function Patient({ reading, content }: Omit<Props, "view">) {
  const study = reading.studyOf(content);
  const sex = study?.PatientSex && (SEXES[study.PatientSex] ?? study.PatientSex);
  const lines = [
    study?.PatientName && personName(study.PatientName),
    study?.PatientID,
    [date(study?.PatientBirthDate), sex].filter(Boolean).join(" · "),
  ];
  return <Lines at="top left" lines={lines} />;
}

function Study({ reading, content }: Omit<Props, "view">) {
  const study = reading.studyOf(content);
  const lines = [
    study?.InstitutionName,
    [date(study?.StudyDate), time(study?.StudyTime)].filter(Boolean).join(" "),
    study?.StudyDescription,
    study?.AccessionNumber && `Acc. ${study.AccessionNumber}`,
  ];
  return <Lines at="top right" lines={lines} />;
}

function Image({ content: { series }, view }: { content: Content; view: StackView }) {
  const { known } = view;
  const plane = known && planeOf(known.frame);
  const place = [
    plane && `${depthOf(plane).toFixed(1)} mm`,
    known?.frame.thickness !== undefined && `${inShort(known.frame.thickness)} mm thick`,
  ];
  const ofFrames = known && known.image.frames.length > 1 && view.imageIds.length > known.image.frames.length;
  const lines = [
    [series.Modality, series.SeriesNumber && `Series ${series.SeriesNumber}`].filter(Boolean).join(" · "),
    series.SeriesDescription ?? series.ProtocolName,
    `Image ${view.shown.value + 1}/${view.imageIds.length}`,
    ofFrames && `Frame ${known.number}/${known.image.frames.length}`,
    place.filter(Boolean).join(" · "),
  ];
  return <Lines at="bottom left" lines={lines} />;
}

function Grey({ view }: { view: StackView }) {
  const { known } = view;
  const window = view.window.value;
  const isGrey = known?.image.photometricInterpretation !== "RGB";
  const lossy = known?.instance.lossy;
  const lines = [
    [known?.instance.laterality, known?.instance.view].filter(Boolean).join(" "),
    lossy && `Lossy${lossy === "1" ? "" : ` ${lossy}:1`}`,
    view.isInverted.value && "Inverted",
    `${Math.round(view.scale * 100)} %`,
    window && isGrey && `C ${inShort(window.center)} · W ${inShort(window.width)}`,
  ];
  return <Lines at="bottom right" lines={lines} />;
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
  if (known?.frame.orientation) return letters(way);
  const said = known?.instance.patientOrientation;
  if (!said) return "";
  // Without a position, the axes are those of the image.
  const [row, column] = Math.abs(way[0]) >= Math.abs(way[1]) ? [way[0], 0] : [0, way[1]];
  if (row) return row > 0 ? said[0] : opposite(said[0]);
  return column > 0 ? said[1] : opposite(said[1]);
}
