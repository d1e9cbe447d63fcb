import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { linkOf } from "~/reading/address";
import type { Content, Reading } from "~/reading/reading";
import { filesetUrl, zipUrl } from "~/server/giving";
import { DownloadIcon, FilmIcon, LinkIcon, NoImageIcon, SendIcon } from "~/shell/icons";
import { useKeys } from "~/shell/keys";
import { lazy } from "~/shell/lazy";
import { moveFocus } from "~/shell/menu";
import { placeBelow } from "~/shell/popover";
import { askSessionOnce, filmType, maySend } from "~/studies/session";
import { counted } from "~/studies/values";
import { copyLink } from "./copy-link";
import { canSaveCell, filmOf, saveCell, saveFilm, saveImage } from "./files";
import "./giving.css";

const SendDialog = lazy(async () => (await import("./send-dialog")).SendDialog);

/** A menu of what can be taken along of the active cell: pictures, films, files, a link; and sending its series. */
export function SaveMenu({ reading }: { reading: Reading }) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  const [sent, setSent] = useState<Content>();
  useEffect(askSessionOnce, []);
  useKeys(() => [
    { keys: ["S"], does: "Save and share", group: "Everywhere", run: () => menu.current?.togglePopover() },
  ]);
  useEffect(() => {
    if (isOpen) menu.current?.querySelector<HTMLElement>("[role=menuitem]:not(:disabled)")?.focus();
  }, [isOpen]);
  const close = () => menu.current?.hidePopover();
  return (
    <>
      <button
        type="button"
        ref={button}
        class="icon-button"
        popovertarget={id}
        aria-haspopup="menu"
        aria-label="Save and share"
        title="Save and share (Shift+S)"
      >
        <DownloadIcon />
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        class="save-menu"
        aria-label="Save and share"
        onBeforeToggle={() => placeBelow(button.current, menu.current, 300)}
        onToggle={(event) => setOpen(event.newState === "open")}
        onKeyDown={moveFocus}
      >
        {isOpen && <Items reading={reading} onChosen={close} onSend={setSent} />}
      </div>
      {sent && (
        <SendDialog
          what={`series of ${counted(sent.series.instances, "instance")}`}
          parcel={{ studies: [sent.study], series: sent.series.uid }}
          onClose={() => setSent(undefined)}
        />
      )}
    </>
  );
}

interface ItemsProps {
  reading: Reading;
  onChosen: () => void;
  onSend: (content: Content) => void;
}

function Items({ reading, onChosen, onSend }: ItemsProps) {
  const content = reading.activeContent.value;
  const view = reading.activeView.value;
  const [cell, film] = [reading.active.value, view && filmOf(view)];
  const act = (run: () => unknown) => () => {
    onChosen();
    run();
  };
  const item = { onChosen, content };
  return (
    <>
      <Item icon={NoImageIcon} kind="PNG" run={view?.known && act(() => saveImage(view, content))}>
        Image
      </Item>
      <Item icon={NoImageIcon} kind="PNG" run={canSaveCell(cell) && act(() => saveCell(cell, content))}>
        Cell as seen
      </Item>
      <Item icon={FilmIcon} kind={kindOf(filmType.value)} run={film && act(() => saveFilm(film, content))}>
        {film ? `Film of ${counted(film.count, "image")}` : "Film"}
      </Item>
      <hr />
      <FileLink {...item} kind="ZIP" url={({ study, series }) => zipUrl(study, series.uid)}>
        Files of the series
      </FileLink>
      <FileLink {...item} kind="ZIP" url={({ study, series }) => filesetUrl([study], series.uid)}>
        Series with DICOMDIR
      </FileLink>
      <hr />
      <Item icon={LinkIcon} run={act(() => copyLink(linkOf(reading)))}>
        Copy link to {view ? "this image" : "this page"}
      </Item>
      {maySend.value && (
        <Item icon={SendIcon} run={content && act(() => onSend(content))}>
          Send series to a peer…
        </Item>
      )}
    </>
  );
}

interface ItemProps {
  icon: ComponentType<{ size?: number }>;
  kind?: string;
  /** Nothing when it cannot be done now. */
  run: (() => void) | undefined | false;
  children: ComponentChildren;
}

function Item({ icon: Icon, kind, run, children }: ItemProps) {
  return (
    <button type="button" role="menuitem" disabled={!run} onClick={run || undefined}>
      <Icon />
      <span>{children}</span>
      {kind && <small>{kind}</small>}
    </button>
  );
}

interface FileLinkProps {
  content: Content | undefined;
  kind: string;
  url: (content: Content) => string;
  onChosen: () => void;
  children: ComponentChildren;
}

/** A file of any size: the browser takes it as it comes, and shows how far it is. */
function FileLink({ content, kind, url, onChosen, children }: FileLinkProps) {
  if (!content)
    return (
      <Item icon={DownloadIcon} kind={kind} run={false}>
        {children}
      </Item>
    );
  return (
    <a role="menuitem" href={url(content)} download onClick={() => setTimeout(onChosen)}>
      <DownloadIcon />
      <span>{children}</span>
      <small>{kind}</small>
    </a>
  );
}

const kindOf = (mediaType: string): string =>
  ({ "video/mp4": "MP4", "image/webp": "WebP", "image/gif": "GIF" })[mediaType] ?? "";
