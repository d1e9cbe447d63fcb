import { useEffect, useState } from "preact/hooks";
import type { Attributes } from "~/server/dicomweb";
import { askJson } from "~/server/http";
import { Failure } from "~/shell/boundary";
import { go, studyPath } from "~/shell/router";
import { date, personName } from "./values";

/** The page of all studies. */
export function StudyList() {
  const [rows, setRows] = useState<Attributes[]>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    askJson<Attributes[]>("/dicom-web/studies?limit=100", { accept: "application/dicom+json" }).then(
      setRows,
      setError,
    );
  }, []);
  if (error) return <Failure error={error} />;
  return (
    <main class="studies">
      <h1>Studies</h1>
      <ul>
        {rows?.map((row) => (
          <li key={text(row, "0020000D")}>
            <button type="button" onClick={() => go(studyPath(text(row, "0020000D")))}>
              {personName(text(row, "00100010"))} · {date(text(row, "00080020"))} · {text(row, "00081030")}
            </button>
          </li>
        ))}
      </ul>
    </main>
  );
}

function text(row: Attributes, tag: string): string {
  const value = row[tag]?.Value?.[0];
  return typeof value === "object" && value && "Alphabetic" in value
    ? String(value.Alphabetic)
    : String(value ?? "");
}
