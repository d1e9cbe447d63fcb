import { COLUMNS, type Column } from "./columns";
import type { StudyList } from "./list";
import { type Field, sortedBy } from "./query";

/** The headings of the columns: a click sorts, the fields below them search in one column. */
export function Headings({ list }: { list: StudyList }) {
  const query = list.query.value;
  const set = (field: Field, text: string) =>
    list.change({ ...query, terms: { ...query.terms, [field]: text } }, { isTyped: true });
  return (
    <thead>
      <tr class="headings">
        <td />
        <td />
        {COLUMNS.map((column) => (
          <th scope="col" key={column.name} class={`heading ${column.name}`} aria-sort={sortOf(list, column)}>
            <button
              type="button"
              class="sort"
              title={`Sort by ${column.label.toLowerCase()}`}
              onClick={() => list.change(sortedBy(query, column.sort))}
            >
              {column.label}
              <span class="arrow" aria-hidden="true">
                {query.sort === column.sort ? (query.descending ? "↓" : "↑") : ""}
              </span>
            </button>
            <div class="fields">
              {column.fields.map((one) => (
                <FieldInput
                  key={one.field}
                  {...one}
                  text={query.terms[one.field] ?? ""}
                  onText={(text) => set(one.field, text)}
                />
              ))}
            </div>
          </th>
        ))}
        <td />
      </tr>
    </thead>
  );
}

interface InputProps {
  field: Field;
  label: string;
  hint: string;
  type?: "date";
  text: string;
  onText: (text: string) => void;
}

function FieldInput({ field, label, hint, type, text, onText }: InputProps) {
  const shared = { "aria-label": label, value: text, class: text ? "set" : "" };
  if (type)
    return (
      <input
        type="date"
        max="9999-12-31"
        {...shared}
        onInput={(event) => onText(event.currentTarget.value)}
      />
    );
  return (
    <input
      type="search"
      placeholder={hint}
      autocomplete="off"
      spellcheck={false}
      {...shared}
      onInput={({ currentTarget: { value } }) => onText(field === "modality" ? value.toUpperCase() : value)}
    />
  );
}

function sortOf(list: StudyList, column: Column): "ascending" | "descending" | "none" {
  const { sort, descending } = list.query.value;
  return sort !== column.sort ? "none" : descending ? "descending" : "ascending";
}
