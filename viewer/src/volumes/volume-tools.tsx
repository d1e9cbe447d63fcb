import { useEffect, useState } from "preact/hooks";
import type { Reading } from "~/reading/reading";
import { CrosshairIcon, CubeIcon, FusionIcon, PlanesIcon } from "~/shell/icons";
import { useKeys } from "~/shell/keys";
import { failed } from "~/shell/notices";
import { Popover } from "~/shell/popover";
import { CT_PRESETS, linear, type Preset, rampOf } from "~/viewport/windows";
import { FusionControls, SlabControls } from "./controls";
import { type Arrangement, type Subject, type Volumes, volumesOf } from "./state";
import { volumeIdOf } from "./volume-id";

/** The buttons for volumes: planes, planes and the whole, fusion; and what is set for them while they are shown. */
export function VolumeTools({ reading }: { reading: Reading }) {
  const volumes = volumesOf(reading);
  const reason = useReason(reading, volumes);
  const pair = usePair(reading, volumes);
  const arrangement = volumes.arrangement.value;
  const fused = volumes.fused.value;
  const turn = (wanted: Arrangement) => {
    const content = reason === undefined ? reading.activeContent.value : volumes.shown.value;
    if (arrangement === wanted && !fused) volumes.leave();
    else if (content) volumes.arrange(wanted, { study: content.study, series: content.series });
    else failed(new Error(reason), "No planes");
  };
  const fuse = () => {
    if (fused) volumes.leave();
    else if (pair) volumes.arrange("mpr", pair);
    else failed(new Error(NO_PAIR), "No fusion");
  };
  useKeys(() => {
    const group = "Volumes";
    return [
      { keys: ["m"], does: "Axial, sagittal and coronal planes, or back", group, run: () => turn("mpr") },
      { keys: ["M"], does: "Planes and the volume in 3-D, or back", group, run: () => turn("mpr3d") },
      { keys: ["P"], does: "PET over CT, or back", group, run: fuse },
    ];
  }, [reason, pair, arrangement, fused]);
  const titled = (what: string) =>
    reason === undefined || arrangement ? what : `${what}: not here, ${reason}`;
  return (
    <>
      <button
        type="button"
        class="icon-button"
        aria-label="MPR"
        aria-pressed={arrangement === "mpr" && !fused}
        disabled={!arrangement && reason !== undefined}
        title={titled("Axial, sagittal and coronal planes (M)")}
        data-reason={reason ?? ""}
        onClick={() => turn("mpr")}
      >
        <PlanesIcon />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="3-D"
        aria-pressed={arrangement === "mpr3d"}
        disabled={!arrangement && reason !== undefined}
        title={titled("Planes and the volume in 3-D (Shift+M)")}
        onClick={() => turn("mpr3d")}
      >
        <CubeIcon />
      </button>
      {(pair || fused) && (
        <button
          type="button"
          class="icon-button"
          aria-label="Fusion"
          aria-pressed={!!fused}
          title="PET over CT (Shift+P)"
          onClick={fuse}
        >
          <FusionIcon />
        </button>
      )}
      {arrangement && <PlaneControls volumes={volumes} hasUptake={!!fused} />}
      {arrangement && volumes.shown.value?.series.Modality === "CT" && <PlaneWindows volumes={volumes} />}
    </>
  );
}

const NO_PAIR = "there are no PET and CT in the same coordinates in this study";

function PlaneControls({ volumes, hasUptake }: { volumes: Volumes; hasUptake: boolean }) {
  const isCrosshairs = volumes.primary.value === "crosshairs";
  return (
    <>
      <button
        type="button"
        class="icon-button"
        aria-pressed={isCrosshairs}
        aria-label="Crosshairs"
        title="Crosshairs: drag to move, turn at the round handles; off, dragging windows"
        onClick={() => {
          volumes.primary.value = isCrosshairs ? "window" : "crosshairs";
        }}
      >
        <CrosshairIcon />
      </button>
      <Popover label="Slab">
        <SlabControls volumes={volumes} />
      </Popover>
      {hasUptake && (
        <Popover label="Uptake">
          <FusionControls volumes={volumes} />
        </Popover>
      )}
      <button
        type="button"
        aria-label="Reset volumes"
        title="Planes, slab and colours as they were at first"
        onClick={() => volumes.reset()}
      >
        Reset
      </button>
    </>
  );
}

/** CT's usual windows, for the planes; the keys for them are those of images. */
function PlaneWindows({ volumes }: { volumes: Volumes }) {
  const series = volumes.shown.value?.series.uid ?? "";
  const choose = ({ center, width, name }: Preset) => volumes.setWindow(series, linear(center, width, name));
  useKeys(
    () =>
      CT_PRESETS.map((one) => ({
        keys: [one.key],
        does: `${one.name} (${one.center}, ${one.width})`,
        group: "Volumes",
        run: () => choose(one),
      })),
    [series],
  );
  const now = volumes.windows.value[volumeIdOf(series)];
  const chosen = CT_PRESETS.find(({ center, width }) => {
    const { lower, upper } = rampOf(linear(center, width));
    return now?.lower === lower && now.upper === upper;
  });
  return (
    <select
      aria-label="Window of the planes"
      title="Window of the planes"
      value={chosen?.key ?? ""}
      onChange={(event) => {
        const wanted = CT_PRESETS.find(({ key }) => key === event.currentTarget.value);
        if (wanted) choose(wanted);
      }}
    >
      <option value="" hidden>
        Window
      </option>
      {CT_PRESETS.map(({ key, name }) => (
        <option key={key} value={key}>
          {name} ({key})
        </option>
      ))}
    </select>
  );
}

/** Why the active series is no volume; nothing when it is one. */
function useReason(reading: Reading, volumes: Volumes): string | undefined {
  const content = reading.activeContent.value;
  const [found, setFound] = useState<{ uid: string; reason: string | undefined }>();
  useEffect(() => {
    if (!content) return;
    const { uid } = content.series;
    let gone = false;
    volumes.verdict(content.study, content.series).then(
      ({ reason }) => gone || setFound({ uid, reason }),
      () => gone || setFound({ uid, reason: "it cannot be read" }),
    );
    return () => {
      gone = true;
    };
  }, [content?.series.uid]);
  if (!content) return "no series is chosen";
  return found?.uid === content.series.uid ? found.reason : "it is not known yet whether it is a volume";
}

/** PET and CT that can be fused. */
function usePair(reading: Reading, volumes: Volumes): Subject | undefined {
  const [pair, setPair] = useState<Subject>();
  const studies = reading.studies.value;
  useEffect(() => {
    volumes.pair().then(setPair, () => setPair(undefined));
  }, [studies]);
  return pair;
}
