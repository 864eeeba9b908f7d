/** Algorithms that versions can be trained with. */
export const ALGORITHMS = ['LINEAR_REGRESSION', 'LOGISTIC_REGRESSION', 'RANDOM_FOREST'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];
