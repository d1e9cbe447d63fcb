import { useEffect, useState } from "preact/hooks";
import { StudyList } from "~/studies/study-list";
import { Boundary } from "./boundary";
import { KeyHelp } from "./key-help";
import { useKeys } from "./keys";
import { lazy } from "./lazy";
import { Notices } from "./notices";
import { place, studiesOf } from "./router";
import { switchTheme } from "./theme";

// Cornerstone comes with it: the study list is there long before.
const ReadingPage = lazy(async () => {
  const { ReadingPage: Page, startImaging } = await import("~/reading/reading-page");
  // Slow graphics take their time. What fails is said where images are to be seen.
  startImaging().catch(() => {});
  return Page;
});

const CALM_MS = 500;

export function App() {
  const [help, setHelp] = useState(false);
  useKeys(() => [
    { keys: ["?"], does: "Show the keys", group: "Everywhere", run: () => setHelp(true) },
    { keys: ["T"], does: "Dark or light", group: "Everywhere", run: switchTheme },
  ]);
  const studies = studiesOf(place.value.path);
  useEffect(() => {
    // Who reads the list opens a study next: the code for it comes meanwhile.
    const id = setTimeout(ReadingPage.prepare, CALM_MS);
    return () => clearTimeout(id);
  }, []);
  return (
    <>
      <Boundary key={place.value.path}>
        {studies.length ? <ReadingPage studies={studies} /> : <StudyList />}
      </Boundary>
      <Notices />
      {help && <KeyHelp onClose={() => setHelp(false)} />}
    </>
  );
}
