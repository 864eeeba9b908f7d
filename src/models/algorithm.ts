import { type Algorithm, TRAINERS } from '../ml/train/trainer.js';

export type { Algorithm };

/** Algorithms that versions can be trained with. */
export const ALGORITHMS = Object.keys(TRAINERS) as [Algorithm, ...Algorithm[]];
