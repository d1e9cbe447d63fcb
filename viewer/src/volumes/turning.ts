/** How planes are turned so that one of them lies along something in space. */

import { cross, dot, length, plus, unit, type Vector } from "./vectors";

/** A place in space, and how what is there lies: at a right angle to `normal`, or along a line, or anyhow. */
export interface Target {
  point: Vector;
  normal?: Vector;
  along?: Vector;
}

export interface Turn {
  /** Which of the planes lies along the target then. */
  plane: number;
  turned: (way: Vector) => Vector;
}

const FLAT = 1e-6;

/** The least turn of all planes by which one of them, given by their normals, lies along a target. */
export function leastTurn(normals: Vector[], { normal, along }: Target): Turn {
  let found: { plane: number; from: Vector; to: Vector; cosine: number } | undefined;
  for (const [plane, from] of normals.entries()) {
    const wanted = normal ?? (along ? plus(from, along, -dot(from, along)) : from);
    if (length(wanted) < FLAT) continue; // the line runs through the plane at a right angle
    const cosine = dot(from, unit(wanted));
    if (!found || Math.abs(cosine) > found.cosine + FLAT) {
      const to = unit(wanted).map((one) => (cosine < 0 ? -one : one)) as Vector;
      found = { plane, from, to, cosine: Math.abs(cosine) };
    }
  }
  if (!found) return { plane: 0, turned: (way) => way };
  return { plane: found.plane, turned: rotation(found.from, found.to) };
}

/** The turn that brings one unit vector to another, the shortest way. */
function rotation(from: Vector, to: Vector): (way: Vector) => Vector {
  const across = cross(from, to);
  const sine = length(across);
  if (sine < FLAT) return (way) => way;
  const [axis, cosine] = [unit(across), dot(from, to)];
  // Rodrigues' formula.
  return (way) => {
    const beside = plus(scaled(way, cosine), cross(axis, way), sine);
    return plus(beside, axis, dot(axis, way) * (1 - cosine));
  };
}

const scaled = (way: Vector, by: number): Vector => plus([0, 0, 0], way, by);
