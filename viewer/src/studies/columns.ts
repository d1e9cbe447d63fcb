import type { Field, Sort } from "./query";

export interface Column {
  name: string;
  label: string;
  sort: Sort;
  /** The fields below its heading. */
  fields: { field: Field; label: string; hint: string; type?: "date" }[];
}

export const COLUMNS: Column[] = [
  {
    name: "patient",
    label: "Patient",
    sort: "patient",
    fields: [{ field: "patient", label: "Patient name", hint: "Name" }],
  },
  { name: "id", label: "Patient ID", sort: "id", fields: [{ field: "id", label: "Patient ID", hint: "ID" }] },
  {
    name: "date",
    label: "Date",
    sort: "date",
    fields: [
      { field: "from", label: "From date", hint: "From", type: "date" },
      { field: "to", label: "To date", hint: "To", type: "date" },
    ],
  },
  {
    name: "modality",
    label: "Modality",
    sort: "modality",
    fields: [{ field: "modality", label: "Modality", hint: "CT" }],
  },
  {
    name: "description",
    label: "Description",
    sort: "description",
    fields: [{ field: "description", label: "Study description", hint: "Description" }],
  },
  {
    name: "accession",
    label: "Accession",
    sort: "accession",
    fields: [{ field: "accession", label: "Accession number", hint: "Number" }],
  },
  { name: "instances", label: "Images", sort: "instances", fields: [] },
];
