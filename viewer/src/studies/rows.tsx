import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import type { StudyRow } from "~/server/studies";
import type { StudyList } from "./list";
import { Row } from "./row";

export const ROW_HEIGHT = 56;
const BEYOND = 8;
/** Browsers know no longer page than some 16 million pixels. */
const MOST_ROWS = 250_000;

interface Props {
  list: StudyList;
  scroller: RefObject<HTMLElement | null>;
  onMenu: (row: StudyRow, anchor: HTMLElement) => void;
}

export interface Range {
  first: number;
  last: number;
}

/** The rows that are in sight, of how many there may be. */
export function rangeOf(element: HTMLElement | null): Range {
  if (!element) return { first: 0, last: 30 };
  const first = Math.floor(element.scrollTop / ROW_HEIGHT);
  return { first, last: first + Math.ceil(element.clientHeight / ROW_HEIGHT) };
}

export function Rows({ list, scroller, onMenu }: Props) {
  const [range, setRange] = useState<Range>({ first: 0, last: 30 });
  const length = Math.min(list.length.value, MOST_ROWS);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = () => {
      const next = rangeOf(element);
      setRange((was) => (was.first === next.first && was.last === next.last ? was : next));
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  const first = Math.max(0, range.first - BEYOND);
  const last = Math.min(length - 1, range.last + BEYOND);
  const isBehind = list.isBehind.value;
  useEffect(() => list.need(first, last), [first, last, isBehind, length]);
  // The row of the keys is brought into sight when it changes, not when the list is scrolled by hand.
  const cursor = list.cursor.value;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const top = cursor * ROW_HEIGHT;
    const under = top + ROW_HEIGHT - element.clientHeight;
    if (element.scrollTop > top) element.scrollTop = top;
    else if (element.scrollTop < under) element.scrollTop = under;
  }, [cursor]);
  const rows = Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => first + place);
  return (
    <tbody class="rows" style={{ height: `${length * ROW_HEIGHT}px` }}>
      {rows.map((index) => (
        <Row key={index} list={list} index={index} top={index * ROW_HEIGHT} onMenu={onMenu} />
      ))}
    </tbody>
  );
}
