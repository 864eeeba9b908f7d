import { type Algorithm, TRAINERS } from '../ml/train/trainer.js';

export type { Algorithm };

/** Algorithms that versions can be trained with. */
export const ALGORITHMS = Object.keys(TRAINERS) as [Algorithm, ...Algorithm[]];

/** What a version that was not trained here has in place of an algorithm: an ONNX file that somebody brought along. */
export const FOREIGN = 'FOREIGN';

/** What a version's predictions come from. */
export type VersionAlgorithm = Algorithm | typeof FOREIGN;

export const VERSION_ALGORITHMS: [VersionAlgorithm, ...VersionAlgorithm[]] = [...ALGORITHMS, FOREIGN];
