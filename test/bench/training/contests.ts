/** Who is measured against whom, with the same settings in each one's own words. */
import type { Algorithm } from '../../../src/ml/train/trainer.ts';
import type { SetName } from './sets.ts';

export interface Contest {
  readonly name: 'forest' | 'logistic' | 'boosting';
  readonly algorithm: Algorithm;
  readonly hyperparameters: Readonly<Record<string, number>>;
  readonly sets: readonly SetName[];
  /** Estimators of peers/training.py. */
  readonly peers: readonly string[];
  readonly goal: string;
}

/** Settings of peers/training.py, which says what each library calls them. */
export const CONTESTS: readonly Contest[] = [
  {
    name: 'forest',
    algorithm: 'RANDOM_FOREST',
    hyperparameters: { trees: 100, maxDepth: 14, minLeaf: 5 },
    sets: ['60k', '500k', 'adult', 'beijing'],
    peers: ['scikit-learn'],
    goal: '≤ 0.20 × scikit-learn (Adult ≤ 0.50 ×), AUC and R² within 0.002',
  },
  {
    name: 'logistic',
    algorithm: 'LOGISTIC_REGRESSION',
    hyperparameters: { C: 1, tolerance: 1e-6, maxIterations: 1000 },
    sets: ['60k', '500k', 'adult'],
    peers: ['scikit-learn'],
    goal: '≤ 1.00 × scikit-learn, coefficients to 1e-4',
  },
  {
    name: 'boosting',
    algorithm: 'GRADIENT_BOOSTING',
    hyperparameters: { rounds: 100, learningRate: 0.1, maxLeaves: 31, minLeaf: 20, l2: 1, validationShare: 0 },
    sets: ['60k', '500k', 'adult', 'beijing'],
    peers: ['xgboost', 'lightgbm', 'scikit-learn'],
    goal: '≤ 1.20 × XGBoost hist, stretch ≤ 1.00 × LightGBM, at equal quality',
  },
];
