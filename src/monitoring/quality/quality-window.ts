import type { ModelVersion } from '../../models/model-version.entity.js';

/** Predictions of a version, made from `from` to before `to`. */
export interface QualityWindow {
  readonly version: Pick<ModelVersion, 'id' | 'signature' | 'metrics'>;
  readonly from: Date;
  readonly to: Date;
  /** Of samples and resamples: the same seed gives the same answer as long as no outcome changes. */
  readonly seed: number;
}
