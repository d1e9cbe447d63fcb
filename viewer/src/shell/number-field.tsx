import { useState } from "preact/hooks";
import { refused } from "./notices";

interface Props {
  label: string;
  title?: string;
  class?: string;
  placeholder?: string;
  min?: number;
  max?: number;
  /** The number that is in effect, as people read it; empty when there is none. */
  value: string;
  /** What a number has to be, where it is not: `has to be more than 0`. */
  wrong?: (number: number) => string | false;
  take: (number: number) => void;
  /** What it means to have no number, where that means something. */
  onEmpty?: () => void;
}

/** A field that shows the number in effect: of a wrong one it says why while it is typed, and does not keep it. */
export function NumberField({ label, title = label, value, wrong, take, onEmpty, ...rest }: Props) {
  const [reason, setReason] = useState<string>();
  const [typed, setTyped] = useState<string>();
  const wrongOf = ({ validity, value: text, valueAsNumber }: HTMLInputElement): string | undefined => {
    if (validity.badInput) return "has to be a number";
    return (text && wrong?.(valueAsNumber)) || undefined;
  };
  const end = () => {
    setTyped(undefined);
    setReason(undefined);
  };
  return (
    <input
      type="number"
      step="any"
      aria-label={label}
      aria-invalid={reason !== undefined}
      title={reason ? `${label} ${reason}` : title}
      value={typed ?? value}
      onInput={({ currentTarget }) => {
        setTyped(currentTarget.value);
        setReason(wrongOf(currentTarget));
      }}
      onChange={({ currentTarget }) => {
        const found = wrongOf(currentTarget);
        // What is written is rounded: the same is not taken once more.
        if (currentTarget.value === value && !found) return end();
        if (found) refused(`${label} ${found}`, value ? `it is ${value} as before` : "it is as before");
        else if (currentTarget.value) take(currentTarget.valueAsNumber);
        else onEmpty?.();
        end();
        // What is no number at all is no value either, and would stay.
        currentTarget.value = value;
      }}
      onBlur={end}
      onKeyDown={({ key, currentTarget }) => {
        if (key !== "Escape") return;
        currentTarget.value = value;
        end();
      }}
      {...rest}
    />
  );
}
