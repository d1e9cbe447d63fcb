import type { TargetedMouseEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type StudyRow, studyThumbnailUrl } from "~/server/studies";
import { CheckIcon, MoreIcon, NoImageIcon } from "~/shell/icons";
import { go, studyPath } from "~/shell/router";
import type { StudyList } from "./list";
import { bytes, count, counted, date, otherNames, personName, time } from "./values";

/** Pictures of rows that only fly by are not asked for. */
const CALM_MS = 150;
const SIDE = 96;

interface Props {
  list: StudyList;
  index: number;
  top: number;
  onMenu: (row: StudyRow, anchor: HTMLElement) => void;
}

export function Row({ list, index, top, onMenu }: Props) {
  const row = list.row(index);
  const place = { "aria-rowindex": index + 2, style: { top: `${top}px` } } as const;
  if (!row) return <tr {...place} class="row waiting" aria-busy="true" />;
  const isSelected = list.selected.value.has(row.uid);
  const isCurrent = list.cursor.value === index;
  const path = studyPath(row.uid);
  const open = (event: TargetedMouseEvent<HTMLElement>) => {
    // A link is a link: with a key or the middle button the browser opens it elsewhere.
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    list.cursor.value = index;
    go(path);
  };
  const select = (event: Event) => {
    event.stopPropagation();
    list.cursor.value = index;
    list.toggle(row);
  };
  const name = personName(row.PatientName);
  // A row has three lines for them, should their names be long.
  const shown = row.modalities.length > 3 ? 2 : 3;
  return (
    <tr
      {...place}
      id={`study-${index}`}
      class={`row${isCurrent ? " current" : ""}`}
      data-selected={isSelected}
      data-study={row.uid}
      onClick={open}
    >
      <td class="choose">
        <button
          type="button"
          class="check"
          aria-pressed={isSelected}
          aria-label={`Select ${name}`}
          title="Select (Space)"
          tabIndex={-1}
          onClick={select}
        >
          <span>{isSelected && <CheckIcon />}</span>
        </button>
      </td>
      <Thumbnail key={row.uid} uid={row.uid} />
      <td class="patient">
        <a href={path} class={row.PatientName ? "" : "absent"} tabIndex={-1}>
          {name}
        </a>
        <small>
          {[otherNames(row.PatientName), row.PatientSex, date(row.PatientBirthDate)]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </td>
      <td class="id" title={row.PatientID}>
        {row.PatientID}
      </td>
      <td class="date">
        {date(row.StudyDate)}
        <small>{time(row.StudyTime)}</small>
      </td>
      <td class="modality" title={row.modalities.join(", ")}>
        {row.modalities.slice(0, shown).map((modality) => (
          <span key={modality}>{modality}</span>
        ))}
        {row.modalities.length > shown && <span>+{row.modalities.length - shown}</span>}
      </td>
      <td class="description" title={row.StudyDescription}>
        {row.StudyDescription || <span class="absent">No description</span>}
      </td>
      <td class="accession" title={row.AccessionNumber}>
        {row.AccessionNumber}
      </td>
      <td class="instances" title={row.size ? bytes(row.size) : undefined}>
        {count(row.instances)}
        <small>{counted(row.series, "series", "series")}</small>
      </td>
      <td class="act">
        <button
          type="button"
          class="more"
          aria-label={`Actions for ${name}`}
          title="Actions (M)"
          aria-haspopup="menu"
          tabIndex={-1}
          onClick={(event) => {
            event.stopPropagation();
            list.cursor.value = index;
            onMenu(row, event.currentTarget);
          }}
        >
          <MoreIcon />
        </button>
      </td>
    </tr>
  );
}

function Thumbnail({ uid }: { uid: string }) {
  const [url, setUrl] = useState<string>();
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setUrl(studyThumbnailUrl(uid, SIDE)), CALM_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <td class="thumbnail">
      {isMissing ? (
        <NoImageIcon />
      ) : (
        url && <img src={url} alt="" decoding="async" onError={() => setMissing(true)} />
      )}
    </td>
  );
}
