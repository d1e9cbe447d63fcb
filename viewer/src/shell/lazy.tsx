import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { PageError } from "~/server/http";
import { Failure } from "./boundary";

/** A component whose code is fetched when it is first shown. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Lazy(props: P) {
    const [Found, setFound] = useState<ComponentType<P> | undefined>(() => loaded);
    const [error, setError] = useState<unknown>();
    const fetchIt = () => {
      setError(undefined);
      load().then(
        (component) => {
          loaded = component;
          setFound(() => component);
        },
        () => setError(new PageError("this part of the page does not come", "is `filmless` still running?")),
      );
    };
    useEffect(() => {
      if (!loaded) fetchIt();
    }, []);
    if (error) return <Failure error={error} onRetry={fetchIt} />;
    return Found ? <Found {...props} /> : <div class="loading" role="status" aria-label="Loading" />;
  };
}
