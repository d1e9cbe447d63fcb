import { Component, type ComponentChildren } from "preact";
import { inWords } from "~/server/http";
import { go } from "./router";

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
  return (
    <div class="failure" role="alert">
      <p>{text}</p>
      {hint && <p class="hint">{hint}</p>}
      <p>
        {onRetry && (
          <button type="button" onClick={onRetry}>
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
