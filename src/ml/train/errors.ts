export type DataProblem =
  | 'TOO_FEW_ROWS'
  | 'TOO_LARGE'
  | 'CONSTANT_TARGET'
  | 'ONE_CLASS'
  | 'TOO_MANY_CLASSES'
  | 'CLASS_WITHOUT_ROWS'
  | 'TARGET_NOT_NUMERIC'
  | 'NO_USABLE_FEATURE'
  | 'WRONG_LENGTH'
  | 'WRONG_WEIGHTS'
  | 'NAME_TAKEN'
  | 'WRONG_TASK'
  | 'NO_TIME';

/** The data can't be trained on; the message says what to change. */
export class TrainingDataError extends Error {
  override readonly name = 'TrainingDataError';
  constructor(
    readonly reason: DataProblem,
    message: string,
  ) {
    super(message);
  }
}

export type HyperparameterProblem = 'UNKNOWN' | 'WRONG_TYPE' | 'OUT_OF_RANGE' | 'BAD_DOMAIN';

/** A hyperparameter given by the user can't be accepted; the message names it and what is allowed. */
export class HyperparameterError extends Error {
  override readonly name = 'HyperparameterError';
  constructor(
    readonly reason: HyperparameterProblem,
    readonly hyperparameter: string,
    message: string,
  ) {
    super(message);
  }
}

/** Training was stopped through its AbortSignal; nothing was produced. */
export class TrainingCancelled extends Error {
  override readonly name = 'TrainingCancelled';
  constructor() {
    super('The training was cancelled.');
  }
}

export type WarningCode =
  | 'TARGET_MISSING'
  | 'TIME_MISSING'
  | 'RARE_CLASS'
  | 'ALL_NULL_FEATURE'
  | 'CONSTANT_FEATURE'
  | 'NON_FINITE_VALUES'
  | 'CATEGORIES_LIMITED'
  | 'COLLINEAR_FEATURE'
  | 'NOT_CONVERGED'
  | 'TARGET_LEAKAGE';

/** Something the user should know about a training that nevertheless went on. */
export interface TrainingWarning {
  readonly code: WarningCode;
  readonly message: string;
  readonly feature?: string;
}
