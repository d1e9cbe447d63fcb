/** Cells that take another size, and what they show in it. */

import { Enums, type RenderingEngine, type Types } from "@cornerstonejs/core";

const { ViewportType } = Enums;

/**
 * Has all viewports take the sizes of their cells. Planes of a volume that were fitted are so anew, others keep their
 * scale. Stacks see to it by themselves (`PaintedViewport`), and of a whole the tool that turns it.
 */
export function resize(engine: RenderingEngine): void {
  const before = engine
    .getViewports()
    .filter(({ type }) => type === ViewportType.ORTHOGRAPHIC)
    .filter((viewport) => viewport.getActors().length)
    .map((one) => {
      const viewport = one as unknown as Types.IVolumeViewport;
      const { sWidth: width, sHeight: height } = viewport;
      const isFitted = Math.abs(viewport.getZoom() - 1) < 1e-3 && Math.hypot(...viewport.getPan()) < 1;
      return { viewport, width, height, scale: viewport.getCamera().parallelScale!, isFitted };
    });
  engine.resize(true);
  for (const { viewport, width, height, scale, isFitted } of before) {
    if (viewport.sHeight === height && viewport.sWidth === width) continue;
    if (isFitted)
      viewport.resetCamera({ resetOrientation: false, resetRotation: false, resetToCenter: false });
    else viewport.setCamera({ parallelScale: (scale * viewport.sHeight) / height });
    viewport.render();
  }
}
