import { Component, type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import { inWords } from "~/server/http";
import { go } from "./router";

/** Tries a part of the page once more, where that is the same for whatever fails in it. */
export const Retrying = createContext<(() => void) | undefined>(undefined);

/** What stands in the place of a part that failed: words and a way out, never a blank page. */
export function Failure({
  error,
  onRetry,
  retry = "Try again",
}: {
  error: unknown;
  onRetry?: () => void;
  retry?: string;
}) {
  const { text, hint } = inWords(error);
  const around = useContext(Retrying);
  const again = onRetry ?? around;
  return (
    <div class="failure" role="alert">
      <p>{text}</p>
      {hint && <p class="hint">{hint}</p>}
      <p>
        {again && (
          <button type="button" onClick={again}>
            {retry}
          </button>
        )}
        <button type="button" onClick={() => go("/")}>
          To the studies
        </button>
      </p>
    </div>
  );
}

export class Boundary extends Component<{ children: ComponentChildren }, { error?: unknown }> {
  override state: { error?: unknown } = {};

  static override getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return <Failure error={this.state.error} onRetry={() => this.setState({ error: undefined })} />;
  }
}
