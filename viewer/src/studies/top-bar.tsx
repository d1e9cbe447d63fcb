import { Bringing, ImportButtons } from "~/bringing/bringing";
import { KeysIcon, SearchIcon, ThemeIcon } from "~/shell/icons";
import { keys } from "~/shell/keys";
import { lazy } from "~/shell/lazy";
import { switchTheme } from "~/shell/theme";
import { action } from "./action";
import { Deleting } from "./deleting";
import type { StudyList } from "./list";
import { counted } from "./values";

const SendDialog = lazy(async () => (await import("~/giving/send-dialog")).SendDialog);

interface Props {
  list: StudyList;
  onLook: () => Promise<void>;
}

/** The search over everything, and what concerns the whole page. */
export function TopBar({ list, onLook }: Props) {
  const query = list.query.value;
  const onKeyDown = (event: KeyboardEvent) => {
    if (!["ArrowDown", "Enter", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const input = event.currentTarget as HTMLInputElement;
    if (event.key === "Escape" && input.value) {
      list.change({ ...query, terms: { ...query.terms, text: "" } });
      return;
    }
    // The keys of the list work from there on.
    document.querySelector<HTMLElement>(".studies .grid")?.focus();
  };
  const chosen = action.value;
  const close = () => {
    action.value = undefined;
  };
  return (
    <header class="top">
      <h1>
        filmless <span>Studies</span>
      </h1>
      <label class="search">
        <SearchIcon />
        <input
          type="search"
          aria-label="Search studies"
          placeholder="Search name, ID, date, modality, description, accession"
          value={query.terms.text ?? ""}
          spellcheck={false}
          autocomplete="off"
          onKeyDown={onKeyDown}
          onInput={(event) =>
            list.change(
              { ...query, terms: { ...query.terms, text: event.currentTarget.value } },
              { isTyped: true },
            )
          }
        />
        <kbd>/</kbd>
      </label>
      <div class="whole">
        <ImportButtons />
        <button
          type="button"
          class="plain"
          aria-label="Dark or light"
          title="Dark or light (Shift+T)"
          onClick={switchTheme}
        >
          <ThemeIcon />
        </button>
        <button
          type="button"
          class="plain"
          aria-label="Show the keys"
          title="Show the keys (?)"
          onClick={showKeys}
        >
          <KeysIcon />
        </button>
      </div>
      <Bringing onBrought={() => void onLook()} />
      {chosen?.kind === "send" && (
        <SendDialog
          what={counted(chosen.rows.length, "study", "studies")}
          parcel={{ studies: chosen.rows.map((row) => row.uid) }}
          onClose={close}
        />
      )}
      {chosen?.kind === "delete" && (
        <Deleting
          rows={chosen.rows}
          onDeleted={(uid) => list.forget(uid)}
          onClose={() => {
            close();
            void onLook();
          }}
        />
      )}
    </header>
  );
}

function showKeys(): void {
  keys.value.findLast((key) => key.keys.includes("?"))?.run(new KeyboardEvent("keydown"));
}
