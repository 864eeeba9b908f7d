import type { Trainer } from './algorithm.js';
import { gradientBoosting } from './boosting/gradient-boosting.js';
import { randomForest } from './forest/random-forest.js';
import { linearRegression } from './linear/linear-regression.js';
import { logisticRegression } from './linear/logistic-regression.js';

export type { FitOptions, FittedModel, Summary, Trainer } from './algorithm.js';

export type Algorithm = 'LINEAR_REGRESSION' | 'LOGISTIC_REGRESSION' | 'RANDOM_FOREST' | 'GRADIENT_BOOSTING';

/** All algorithms there are; adding one means a `defineTrainer` and a line here. */
export const TRAINERS: Readonly<Record<Algorithm, Trainer>> = {
  LINEAR_REGRESSION: linearRegression,
  LOGISTIC_REGRESSION: logisticRegression,
  RANDOM_FOREST: randomForest,
  GRADIENT_BOOSTING: gradientBoosting,
};
