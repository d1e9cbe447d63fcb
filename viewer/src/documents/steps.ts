/** Steps from frame to frame of a video: a browser knows of its time only. */

/** How long a frame is shown, in seconds; of frames that are shown unequally long, on average. */
export function frameSeconds(times: number[] = []): number {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return mean > 0 ? mean / 1000 : 1 / 25;
}

/** Where in a video the frame is seen that lies so many after, or before, the one at a time. */
export function stepped(now: number, frames: number, seconds: number): number {
  // Into the middle of it: between two frames a browser may show either.
  const number = Math.max(0, Math.floor(now / seconds + 0.001) + frames);
  return (number + 0.5) * seconds;
}
