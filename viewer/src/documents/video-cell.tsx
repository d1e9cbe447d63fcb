import { useRef, useState } from "preact/hooks";
import { instanceUrl } from "~/server/dicomweb";
import { Failure } from "~/shell/boundary";
import type { CellProps } from "~/viewport/cell";
import { DocumentFrame } from "./document-frame";
import type { Shown } from "./instances";
import { frameSeconds, stepped } from "./steps";

const RATES = [0.25, 0.5, 1, 2];
const MP4 = "accept=video/mp4";

/** A video, played by the browser: as it is stored, and where it cannot play that, as the server makes H.264 of it. */
export function VideoCell(props: CellProps) {
  return (
    <DocumentFrame {...props} kind="video">
      {(instance) => <Video key={instance.instance} instance={instance} />}
    </DocumentFrame>
  );
}

function Video({ instance }: { instance: Shown }) {
  const element = useRef<HTMLVideoElement>(null);
  const sources = [`${instanceUrl(instance)}/frames/1?${MP4}`, `${instanceUrl(instance)}/rendered?${MP4}`];
  const [source, setSource] = useState(0);
  const [rate, setRate] = useState(1);
  if (source === sources.length) {
    const hint = "the server needs `pip install filmless[video]` to convert it";
    return (
      <Failure
        error={new Error(`the browser cannot play this video; ${hint}`)}
        onRetry={() => setSource(0)}
      />
    );
  }
  const step = (frames: number) => {
    const video = element.current!;
    video.pause();
    const to = stepped(video.currentTime, frames, frameSeconds(instance.frameTimesMs));
    video.currentTime = Math.min(to, video.duration || to);
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useMediaCaption: medical videos have no captions */}
      <video
        ref={element}
        src={sources[source]}
        controls
        loop
        playsInline
        onError={() => setSource(source + 1)}
        onLoadedData={(event) => {
          event.currentTarget.dataset.drawn = "true";
          event.currentTarget.playbackRate = rate;
        }}
      />
      <div class="document-bar">
        <button type="button" aria-label="One frame back" onClick={() => step(-1)}>
          ◂
        </button>
        <button type="button" aria-label="One frame on" onClick={() => step(1)}>
          ▸
        </button>
        <label>
          Speed{" "}
          <select
            value={rate}
            onChange={(event) => {
              const chosen = Number(event.currentTarget.value);
              setRate(chosen);
              element.current!.playbackRate = chosen;
            }}
          >
            {RATES.map((one) => (
              <option key={one} value={one}>
                {one}×
              </option>
            ))}
          </select>
        </label>
      </div>
    </>
  );
}
