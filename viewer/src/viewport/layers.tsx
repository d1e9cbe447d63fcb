import type { Reading } from "~/reading/reading";
import { instanceUrl } from "~/server/dicomweb";
import { areParallel, barLength, besideBar, cutOf, dot, minus, planeOf } from "./geometry";
import type { StackView } from "./view";

interface Props {
  reading: Reading;
  index: number;
  view: StackView;
}

/** What lies on an image and moves with it: its overlays and shutter, the scale, lines of other images, the cursor. */
export function Layers({ reading, index, view }: Props) {
  return (
    <>
      {reading.hasGraphics.value && <Graphics view={view} />}
      <svg class="layer" aria-hidden="true">
        {reading.hasReferenceLines.value && <ReferenceLine reading={reading} index={index} view={view} />}
        <Cursor reading={reading} view={view} />
      </svg>
      {reading.hasCorners.value && <ScaleBar view={view} />}
    </>
  );
}

/** Overlays and shutter, drawn by the server, laid on the image. */
function Graphics({ view }: { view: StackView }) {
  const { known } = view;
  if (!known?.instance.graphics || !view.viewport.getImageData()) return null;
  const { rows, columns } = known.image;
  const [zero, right, down] = [
    view.toCanvas([-0.5, -0.5]),
    view.toCanvas([0.5, -0.5]),
    view.toCanvas([-0.5, 0.5]),
  ];
  const matrix = [right[0] - zero[0], right[1] - zero[1], down[0] - zero[0], down[1] - zero[1], ...zero];
  const url = `/viewer${instanceUrl(known.ref).replace("/dicom-web", "")}/frames/${known.number}/graphics`;
  const style = { transform: `matrix(${matrix.join()})` };
  return <img class="graphics" alt="" width={columns} height={rows} style={style} src={url} />;
}

/** How long some centimetres are, where the file says how large its pixels are. */
function ScaleBar({ view }: { view: StackView }) {
  const { known } = view;
  const spacing = known?.frame.spacing ?? known?.image.imagerPixelSpacing;
  const { clientWidth, clientHeight } = view.viewport.element;
  if (!spacing || clientHeight < 160) return null;
  const perMm = view.scale / devicePixelRatio / spacing[0];
  const mm = barLength(Math.min(clientWidth * 0.3, 160) / perMm);
  if (!Number.isFinite(mm)) return null;
  return (
    <div class="scale-bar" style={{ width: `${mm * perMm}px` }}>
      {besideBar(mm)}
    </div>
  );
}

/** Where the active cell's image cuts this one. */
function ReferenceLine({ reading, index, view }: Props) {
  const active = reading.activeView.value;
  if (!active || reading.active.value === index) return null;
  const [own, other] = [view.known, active.known];
  if (!own || !other || own.image.frameOfReferenceUID !== other.image.frameOfReferenceUID) return null;
  const [plane, cutting] = [planeOf(own.frame), planeOf(other.frame)];
  const spacing = other.frame.spacing;
  if (!plane || !cutting || !spacing || areParallel(plane, cutting)) return null;
  const cut = cutOf(cutting, other.image.columns * spacing[1], other.image.rows * spacing[0], plane);
  if (!cut) return null;
  const [from, to] = cut.map((end) => view.viewport.worldToCanvas(end)) as [
    [number, number],
    [number, number],
  ];
  return <line class="reference-line" x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} />;
}

/** The point of the patient that is pointed at in another cell. */
function Cursor({ reading, view }: Omit<Props, "index">) {
  const cursor = reading.cursor.value;
  const known = view.known;
  const plane = known && planeOf(known.frame);
  if (!cursor || !plane || known.image.frameOfReferenceUID !== cursor.frameOfReference) return null;
  const away = Math.abs(dot(minus(cursor.point, plane.origin), plane.normal));
  const [x, y] = view.pointToCanvas(cursor.point);
  // Beside the slice it is shown weaker: the point itself is not in it.
  const isIn = away <= (known.frame.thickness ?? 1) / 2 + 0.01;
  return (
    <g class="cursor" opacity={isIn ? 1 : 0.4}>
      <line x1={x - 14} y1={y} x2={x - 4} y2={y} />
      <line x1={x + 4} y1={y} x2={x + 14} y2={y} />
      <line x1={x} y1={y - 14} x2={x} y2={y - 4} />
      <line x1={x} y1={y + 4} x2={x} y2={y + 14} />
    </g>
  );
}
