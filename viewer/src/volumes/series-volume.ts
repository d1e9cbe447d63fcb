/** A volume of Cornerstone's that grows while its slices come: what is not there yet looks like the nearest that is. */

import {
  cache,
  Enums,
  eventTarget,
  imageLoader,
  imageLoadPoolManager,
  StreamingImageVolume,
  type Types,
  utilities,
  volumeLoader,
} from "@cornerstonejs/core";
import type { Grid } from "./grid";
import { gapAround, loadingOrder } from "./loading-order";
import { VOLUME_SCHEME, volumeIdOf } from "./volume-id";

/** After how many slices that have come a volume is drawn again. */
const FEWEST_TO_DRAW = 8;

const { Events, ImageQualityStatus, RequestType } = Enums;

export class SeriesVolume extends StreamingImageVolume {
  readonly grid: Grid;
  /** Slices that have come, of all, and those that never will. */
  readonly state = { come: 0, failed: 0 };
  private readonly there: boolean[] = [];

  constructor(volumeId: string, grid: Grid) {
    super(propertiesOf(volumeId, grid), {
      imageIds: grid.imageIds,
      loadStatus: { loaded: false, loading: false, cancelled: false, cachedFrames: [], callbacks: [] },
    });
    this.grid = grid;
  }

  override loadImages(): Promise<boolean> {
    this.loadStatus.loading = true;
    const requests = this.getImageIdsRequests(this.imageIds, 0);
    // Drawing again for each slice would leave no time to load them.
    this.reRenderFraction = Math.max(FEWEST_TO_DRAW, requests.length / 25);
    this.reRenderTarget = 1;
    loadingOrder(requests.length).forEach((index, turn) => {
      const { imageId, options } = requests[index]!;
      const run = () => this.bring(imageId, options);
      const of = { volumeId: this.volumeId };
      imageLoadPoolManager.addRequest(run, RequestType.Prefetch, of, turn ? 5 : 0);
    });
    return Promise.resolve(true);
  }

  /** A slice that somebody looks at comes next. */
  hasten(index: number): void {
    const imageId = this.imageIds[index];
    if (!imageId || this.there[index] || !this.loadStatus.loading) return;
    const options = this.getLoaderImageOptions(imageId);
    const run = () => this.bring(imageId, options);
    imageLoadPoolManager.addRequest(run, RequestType.Interaction, { volumeId: this.volumeId }, 0);
  }

  /** Loads a slice; once more when it was another who asked for it, and gave it up: a stack that was left, say. */
  private async bring(imageId: string, options: object, isAgain = false): Promise<void> {
    if (this.loadStatus.cancelled || this.there[this.getImageIdIndex(imageId)!]) return;
    try {
      const image = await imageLoader.loadAndCacheImage(imageId, options as never);
      this.successCallback(imageId, image as Types.IImage);
    } catch (error) {
      const isGivenUp = error instanceof DOMException && error.name === "AbortError";
      if (isGivenUp && !isAgain) return this.bring(imageId, options, true);
      this.errorCallback(imageId, true, error);
    }
  }

  override successCallback(imageId: string, image: Types.IImage): void {
    const index = this.getImageIdIndex(imageId);
    if (index === undefined || this.there[index] || this.loadStatus.cancelled) return;
    this.there[index] = true;
    this.state.come++;
    // Else it keeps to the stand-ins that it has seen.
    (this.voxelManager as unknown as { invalidateCache(): void }).invalidateCache();
    super.successCallback(imageId, image);
    for (const beside of gapAround(index, this.imageIds.length, (one) => !!this.there[one])) {
      this.standIn(beside, image);
    }
  }

  override errorCallback(imageId: unknown, permanent: unknown, error: unknown): void {
    this.state.failed++;
    super.errorCallback(imageId, permanent, error);
  }

  private standIn(index: number, image: Types.IImage): void {
    const imageId = this.imageIds[index]!;
    if (cache.getImage(imageId, ImageQualityStatus.FULL_RESOLUTION as number)) return;
    const standing = { ...image, imageId, imageQualityStatus: ImageQualityStatus.ADJACENT_REPLICATE };
    cache.setPartialImage(imageId, standing as Types.IImage);
    this.vtkOpenGLTexture.setUpdatedFrame(index);
  }

  /** Lets the picture go, but not the frames: the stack shows them, too. */
  override destroy(): void {
    this.cancelLoading();
    this.imageData?.delete();
    this.vtkOpenGLTexture.releaseGraphicsResources();
    this.vtkOpenGLTexture.delete();
  }
}

function propertiesOf(volumeId: string, grid: Grid): Types.ImageVolumeProps {
  const { metadata } = utilities.generateVolumePropsFromImageIds(grid.imageIds.slice(0, 1), volumeId);
  return {
    volumeId,
    metadata,
    dimensions: grid.dimensions,
    spacing: grid.spacing,
    origin: grid.origin,
    direction: grid.axes.flat() as Types.Mat3,
    imageIds: grid.imageIds,
    dataType: grid.samples,
    numberOfComponents: 1,
  } as unknown as Types.ImageVolumeProps;
}

/** Makes a volume, or gives the one that was made. */
export async function seriesVolume(key: string, grid: Grid): Promise<SeriesVolume> {
  const volumeId = volumeIdOf(key);
  return (await volumeLoader.createAndCacheVolume(volumeId, { grid } as never)) as unknown as SeriesVolume;
}

export function registerVolumes(): void {
  volumeLoader.registerVolumeLoader(VOLUME_SCHEME, ((volumeId: string, { grid }: { grid: Grid }) => {
    const volume = new SeriesVolume(volumeId, grid);
    return { promise: Promise.resolve(volume), decache: () => volume.destroy() };
  }) as never);
}

/** Calls back each time that slices have come. */
export function onSlices(volume: SeriesVolume, run: () => void): () => void {
  const hear = (event: Event) => {
    if ((event as CustomEvent<{ volumeId?: string }>).detail.volumeId === volume.volumeId) run();
  };
  const names = [Events.IMAGE_VOLUME_MODIFIED, Events.IMAGE_VOLUME_LOADING_COMPLETED];
  for (const name of names) eventTarget.addEventListener(name, hear as never);
  return () => {
    for (const name of names) eventTarget.removeEventListener(name, hear as never);
  };
}
