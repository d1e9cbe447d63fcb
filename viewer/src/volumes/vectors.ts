/** What little of vectors is needed, on plain numbers. */

export type Vector = [number, number, number];

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

export const plus = (a: Vector, b: Vector, times = 1): Vector => [
  a[0] + b[0] * times,
  a[1] + b[1] * times,
  a[2] + b[2] * times,
];

export const minus = (a: Vector, b: Vector): Vector => plus(a, b, -1);

export const length = (a: Vector): number => Math.sqrt(dot(a, a));

export const unit = (a: Vector): Vector => {
  const long = length(a) || 1;
  return [a[0] / long, a[1] / long, a[2] / long];
};
