import { useEffect, useState } from "preact/hooks";
import { askSent, type Parcel, type Sent, send } from "~/server/sending";
import { Dialog } from "~/shell/dialog";
import { failed } from "~/shell/notices";
import { peers } from "~/studies/session";
import { count, counted } from "~/studies/values";
import "./giving.css";

const LOOK_MS = 700;

interface Props {
  /** What it is, in words: "3 studies". */
  what: string;
  parcel: Parcel;
  onClose: () => void;
}

/** Sends studies, or a series, to a peer, and shows how far they are. The server goes on when the page is closed. */
export function SendDialog({ what, parcel, onClose }: Props) {
  const [peer, setPeer] = useState(peers.value[0]?.name ?? "");
  const [isBegun, setBegun] = useState(false);
  const [sent, setSent] = useState<Sent>();
  const isOver = sent !== undefined && sent.waiting === 0;
  const begin = async () => {
    setBegun(true);
    try {
      await send(peer, parcel);
      setSent(undefined);
    } catch (error) {
      failed(error, "Not sent");
      setBegun(false);
    }
  };
  useEffect(() => {
    if (!isBegun || isOver) return;
    const until = new AbortController();
    const timer = setTimeout(() => askSent(peer, parcel, until.signal).then(setSent, failed), LOOK_MS);
    return () => {
      clearTimeout(timer);
      until.abort();
    };
  }, [isBegun, sent]);
  return (
    <Dialog title={`Send ${what}`} onClose={onClose}>
      <div class="sending" data-over={isOver}>
        <label>
          To
          <select value={peer} disabled={isBegun} onChange={(event) => setPeer(event.currentTarget.value)}>
            {peers.value.map(({ name, by }) => (
              <option key={name} value={name}>
                {name} ({by})
              </option>
            ))}
          </select>
        </label>
        {isBegun && (
          <>
            <progress
              max={sent?.instances ?? 1}
              value={sent ? sent.instances - sent.waiting - sent.failed : 0}
              aria-label="Sent"
            />
            <p role="status">{sent ? inWords(sent) : "Waiting for the server…"}</p>
            {sent?.error && <p class="hint">{sent.error}</p>}
          </>
        )}
      </div>
      <div class="buttons send-buttons">
        {isBegun && !isOver && (
          <span class="hint">
            {sent?.error ? "It is tried again, also when this is closed." : "It goes on when this is closed."}
          </span>
        )}
        <button type="button" onClick={onClose}>
          {isBegun ? "Close" : "Cancel"}
        </button>
        {!isBegun && (
          <button type="button" class="primary" onClick={begin}>
            Send
          </button>
        )}
      </div>
    </Dialog>
  );
}

function inWords({ instances, waiting, failed: lost }: Sent): string {
  const gone = instances - waiting - lost;
  const rest = lost ? `, ${count(lost)} given up` : "";
  return `${count(gone)} of ${counted(instances, "instance")} sent${rest}`;
}
