/** Values of headers as people read them. */

/** `DOE^JANE` as `DOE, JANE`; the first of a name's three representations that there is. */
export function personName(text: string | undefined): string {
  const group = (text ?? "").split("=").find((one) => one.replaceAll("^", "").trim()) ?? "";
  const [family = "", given = "", middle = "", prefix = "", suffix = ""] = group.split("^");
  const after = [prefix, given, middle, suffix].filter(Boolean).join(" ");
  return [family, after].filter(Boolean).join(", ") || "No name";
}

/** The other representations of a name: `山田^太郎` as `山田 太郎`. */
export function otherNames(text: string | undefined): string {
  const groups = (text ?? "").split("=").filter((one) => one.replaceAll("^", "").trim());
  return groups
    .slice(1)
    .map((one) => one.split("^").filter(Boolean).join(" "))
    .join(" · ");
}

/** `20260131` as `2026-01-31`. */
export function date(text: string | undefined): string {
  return (text ?? "").replace(/^(\d{4})\.?(\d{2})\.?(\d{2})$/, "$1-$2-$3");
}

/** `134502.25` as `13:45`. */
export function time(text: string | undefined): string {
  return (text ?? "").replace(/^(\d{2}):?(\d{2}).*$/, "$1:$2");
}

/** `12345` as `12,345`. */
export const count = (number: number): string => number.toLocaleString("en");

/** `1 study`, `2 studies`. */
export const counted = (number: number, one: string, several = `${one}s`): string =>
  `${count(number)} ${number === 1 ? one : several}`;

/** `52428800` as `50 MB`. */
export function bytes(size: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : Math.round(size * 10) / 10} ${units[unit]}`;
}
