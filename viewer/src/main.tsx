import { render } from "preact";
import { App } from "~/shell/app";
import { followTheme } from "~/shell/theme";
import "~/shell/style.css";

followTheme();
render(<App />, document.getElementById("root")!);
