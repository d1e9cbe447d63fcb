/** Where another stack is scrolled to when the two are not of one frame of reference, as those of two dates. */

import { depthOf, type Plane } from "~/viewport/geometry";

/** A stack: the plane of each image, where it is known, and the image from which on it follows. */
export interface Followed {
  planes: (Plane | undefined)[];
  anchor: number;
}

/** How far an image is from where the stack was when it was linked, in mm; undefined when nothing says so. */
function farOf({ planes, anchor }: Followed, index: number): number | undefined {
  const [from, to] = [planes[anchor], planes[index]];
  return from && to && depthOf({ ...to, normal: from.normal }) - depthOf(from);
}

/**
 * The image of one stack that is as far from where that was when they were linked, as an image of the other is from
 * where it was: in mm where both say where their images are, else in images. What was beside each other stays so, also
 * after one of them came to its end.
 */
export function followed(from: Followed, index: number, to: Followed): number {
  const far = farOf(from, index);
  const turned = turnOf(from, to);
  const fars = to.planes.map((_, other) => farOf(to, other));
  if (far === undefined || !turned || fars.some((one) => one === undefined)) {
    return to.anchor + index - from.anchor;
  }
  let nearest = to.anchor;
  for (const [other, one] of fars.entries()) {
    if (Math.abs(one! - far * turned) < Math.abs(fars[nearest]! - far * turned)) nearest = other;
  }
  return nearest;
}

/** 1 when two stacks look the same way, -1 when the opposite one, 0 when they do not look along the same line. */
function turnOf(from: Followed, to: Followed): number {
  const [one, other] = [from.planes[from.anchor]?.normal, to.planes[to.anchor]?.normal];
  if (!one || !other) return 0;
  const cosine = one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
  // Patients never lie twice alike: within 25 degrees it is the same way.
  return Math.abs(cosine) > 0.9 ? Math.sign(cosine) : 0;
}
