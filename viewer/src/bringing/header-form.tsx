import type { TargetedSubmitEvent } from "preact";
import { type Header, newUid } from "./run";

const MODALITIES = {
  XC: "Photograph",
  OT: "Other",
  DOC: "Document",
  ES: "Endoscopy",
  GM: "Microscopy",
  DX: "X-ray",
  US: "Ultrasound",
  OP: "Eye photograph",
  SM: "Slide",
  ECG: "ECG",
};

interface Props {
  pictures: number;
  onGiven: (header: Header) => void;
  onWithout?: (() => void) | undefined;
}

/** Asks what the header of pictures says, before they become DICOM. */
export function HeaderForm({ pictures, onGiven, onWithout }: Props) {
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const text = (name: string) => String(given.get(name) ?? "").trim();
    const name = [text("family"), text("given")].join("^").replace(/\^$/, "");
    const header: Header = {
      StudyInstanceUID: newUid(),
      PatientName: name,
      PatientID: text("id"),
      PatientBirthDate: text("birth").replaceAll("-", ""),
      PatientSex: text("sex"),
      StudyDescription: text("description"),
      AccessionNumber: text("accession"),
      Modality: text("modality"),
    };
    if (given.get("together")) header.SeriesInstanceUID = newUid();
    onGiven(Object.fromEntries(Object.entries(header).filter(([, value]) => value)));
  };
  return (
    <form class="header-form" onSubmit={submit}>
      <p>
        {pictures === 1
          ? "A picture or document becomes"
          : `${pictures.toLocaleString("en")} pictures and documents become`}{" "}
        DICOM. What does the header say?
      </p>
      <label>
        Family name
        <input name="family" autocomplete="off" autofocus maxLength={64} />
      </label>
      <label>
        Given name
        <input name="given" autocomplete="off" maxLength={64} />
      </label>
      <label>
        Patient ID
        <input name="id" autocomplete="off" maxLength={64} />
      </label>
      <label>
        Birth date
        <input name="birth" type="date" max="9999-12-31" />
      </label>
      <label>
        Sex
        <select name="sex">
          <option value="">Not said</option>
          <option value="F">Female</option>
          <option value="M">Male</option>
          <option value="O">Other</option>
        </select>
      </label>
      <label>
        Modality
        <select name="modality">
          <option value="">By the file</option>
          {Object.entries(MODALITIES).map(([code, label]) => (
            <option key={code} value={code}>
              {label} ({code})
            </option>
          ))}
        </select>
      </label>
      <label>
        Study description
        <input name="description" autocomplete="off" maxLength={64} />
      </label>
      <label>
        Accession number
        <input name="accession" autocomplete="off" maxLength={16} />
      </label>
      <label class="tick">
        <input type="checkbox" name="together" defaultChecked />
        All in one series; else a series each, in one study
      </label>
      <div class="buttons">
        {onWithout && (
          <button type="button" onClick={onWithout}>
            Leave pictures out
          </button>
        )}
        <button type="submit" class="primary">
          Import
        </button>
      </div>
    </form>
  );
}
