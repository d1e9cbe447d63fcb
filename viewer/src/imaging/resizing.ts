/** Cells that take another size, and what they show in it. */

import { Enums, type RenderingEngine, type Types } from "@cornerstonejs/core";

const { ViewportType } = Enums;

type Size = Pick<Types.IVolumeViewport, "sWidth" | "sHeight">;

/** How much higher than wide a cell is: of a whole so much more is seen, that nothing is cut off however it is turned. */
const narrowness = ({ sWidth, sHeight }: Size): number => Math.max(1, sHeight / sWidth);

/**
 * Has all viewports take the sizes of their cells. Planes of a volume that were fitted are so anew, others keep their
 * scale; of a whole, as much is seen as before. Stacks see to it by themselves: `PaintedViewport`.
 */
export function resize(engine: RenderingEngine): void {
  const before = engine
    .getViewports()
    .filter(({ type }) => type === ViewportType.ORTHOGRAPHIC || type === ViewportType.VOLUME_3D)
    .filter((viewport) => viewport.getActors().length)
    .map((one) => {
      const viewport = one as unknown as Types.IVolumeViewport;
      const { sWidth, sHeight } = viewport;
      const isFitted = Math.abs(viewport.getZoom() - 1) < 1e-3 && Math.hypot(...viewport.getPan()) < 1;
      return { viewport, size: { sWidth, sHeight }, scale: viewport.getCamera().parallelScale!, isFitted };
    });
  engine.resize(true);
  for (const { viewport, size, scale, isFitted } of before) {
    if (viewport.sHeight === size.sHeight && viewport.sWidth === size.sWidth) continue;
    if (viewport.type === ViewportType.VOLUME_3D) {
      viewport.setCamera({ parallelScale: (scale * narrowness(viewport)) / narrowness(size) });
    } else if (isFitted) {
      viewport.resetCamera({ resetOrientation: false, resetRotation: false, resetToCenter: false });
    } else {
      viewport.setCamera({ parallelScale: (scale * viewport.sHeight) / size.sHeight });
    }
    viewport.render();
  }
}
