import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { PageError } from "~/server/http";
import { Failure } from "./boundary";

type Lazy<P> = ComponentType<P> & {
  /** Fetches the code before it is asked for; that it does not come is said when it is. */
  prepare: () => void;
};

/** A component whose code is fetched when it is first shown. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): Lazy<P> {
  let loaded: ComponentType<P> | undefined;
  const get = async () => {
    loaded = await load();
    return loaded;
  };
  return Object.assign(Shown, { prepare: () => void get().catch(() => {}) });

  function Shown(props: P) {
    const [Found, setFound] = useState<ComponentType<P> | undefined>(() => loaded);
    const [error, setError] = useState<unknown>();
    const fetchIt = () => {
      setError(undefined);
      get().then(
        (component) => setFound(() => component),
        () => setError(new PageError("this part of the page does not come", "is `filmless` still running?")),
      );
    };
    useEffect(() => {
      if (!loaded) fetchIt();
    }, []);
    if (error) return <Failure error={error} onRetry={fetchIt} />;
    return Found ? <Found {...props} /> : <div class="loading" role="status" aria-label="Loading" />;
  }
}
