import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { StudyRow } from "~/server/studies";
import { Failure } from "~/shell/boundary";
import { Actions, type Menu } from "./actions";
import { Headings } from "./headings";
import { StudyList as List } from "./list";
import { useListKeys } from "./list-keys";
import { NoMatch, NothingYet } from "./nothing";
import { isSearch } from "./query";
import { Rows, rangeOf } from "./rows";
import { SelectionBar } from "./selection-bar";
import { askSessionOnce, otherArchive } from "./session";
import { TopBar } from "./top-bar";
import { count, counted } from "./values";
import "./studies.css";
import "./rows.css";
import "./nothing.css";
import "./narrow.css";

/** How often what is new is looked for, while somebody looks. */
const LOOK_MS = 8000;

/** The page of all studies. */
export function StudyList() {
  const list = useMemo(() => new List(), []);
  const scroller = useRef<HTMLElement>(null);
  const [menu, setMenu] = useState<Menu | undefined>();
  useEffect(() => {
    document.title = "Studies · filmless";
    askSessionOnce();
    list.ask();
    return () => list.close();
  }, []);
  const look = () => {
    const { first, last } = rangeOf(scroller.current);
    return list.renew(first, last);
  };
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && look(), LOOK_MS);
    const onVisible = () => document.visibilityState === "visible" && look();
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, []);
  const openMenu = (rows: StudyRow[], anchor: HTMLElement) => setMenu({ rows, anchor });
  useListKeys(list, scroller, openMenu);
  const { counts, error, isBehind, length } = list;
  if (error.value !== undefined) return <Failure error={error.value} onRetry={() => list.ask()} />;
  const isEmpty =
    counts.value?.total === 0 && length.value === 0 && !(otherArchive.value && isSearch(list.query.value));
  return (
    <main class="studies" data-behind={isBehind.value} data-counted={counts.value !== undefined}>
      <TopBar list={list} onLook={look} />
      {isEmpty ? (
        <NothingYet />
      ) : (
        <>
          <section class="grid" aria-label="Studies" tabIndex={0} ref={scroller}>
            <table aria-rowcount={length.value + 1}>
              <Headings list={list} />
              <Rows list={list} scroller={scroller} onMenu={(row, anchor) => openMenu([row], anchor)} />
            </table>
            {length.value === 0 && !isBehind.value && <NoMatch list={list} />}
          </section>
          <footer class="counts" aria-live="polite">
            {counts.value && length.value !== counts.value.total && isSearch(list.query.value)
              ? `${count(length.value)} of ${counted(counts.value.total, "study", "studies")}`
              : counts.value && counted(counts.value.total, "study", "studies")}
            {otherArchive.value && ` at ${otherArchive.value}`}
            {counts.value?.isWhole === false && "; there are more: search for what you want"}
          </footer>
          <SelectionBar list={list} onMenu={openMenu} />
        </>
      )}
      {menu && <Actions menu={menu} list={list} onClose={() => setMenu(undefined)} />}
    </main>
  );
}
