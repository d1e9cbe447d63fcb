/** Values of headers as people read them. */

/** `DOE^JANE` as `DOE, JANE`; the first of a name's three representations. */
export function personName(text: string | undefined): string {
  const [family = "", given = "", middle = "", prefix = "", suffix = ""] = (text ?? "")
    .split("=")[0]!
    .split("^");
  const after = [prefix, given, middle, suffix].filter(Boolean).join(" ");
  return [family, after].filter(Boolean).join(", ") || "No name";
}

/** `20260131` as `2026-01-31`. */
export function date(text: string | undefined): string {
  return (text ?? "").replace(/^(\d{4})\.?(\d{2})\.?(\d{2})$/, "$1-$2-$3");
}

/** `134502.25` as `13:45`. */
export function time(text: string | undefined): string {
  return (text ?? "").replace(/^(\d{2}):?(\d{2}).*$/, "$1:$2");
}
