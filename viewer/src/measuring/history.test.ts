import { expect, test } from "vitest";
import { History } from "./history";

test("what was done is undone in the other order, and done again", () => {
  const history = new History<string>();
  history.note([{ after: "a" }, { before: "b", after: "c" }]);
  expect(history.undo()).toEqual([
    { before: "c", after: "b" },
    { before: "a", after: undefined },
  ]);
  expect(history.canUndo.value).toBe(false);
  expect(history.redo()).toEqual([{ after: "a" }, { before: "b", after: "c" }]);
  expect(history.canUndo.value).toBe(true);
  expect(history.canRedo.value).toBe(false);
});

test("what is done anew takes what was undone away", () => {
  const history = new History<string>();
  history.note([{ after: "a" }]);
  history.undo();
  history.note([{ after: "b" }]);
  expect(history.canRedo.value).toBe(false);
  expect(history.redo()).toEqual([]);
});

test("nothing is no step, and there is an end of steps", () => {
  const history = new History<number>();
  history.note([]);
  expect(history.canUndo.value).toBe(false);
  expect(history.undo()).toEqual([]);
  for (let number = 0; number < 600; number++) history.note([{ after: number }]);
  let steps = 0;
  while (history.undo().length) steps++;
  expect(steps).toBe(500);
});
