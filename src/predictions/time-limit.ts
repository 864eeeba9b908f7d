import { AppError } from '../errors/app-error.js';
import type { ServableVersion } from '../models/model-registry.js';

/**
 * The time that a version may take for the answer to a request. It ends where the answer is there: what then waits for
 * the database has PREDICTION_LOG_WAIT_SECONDS of its own.
 */
export class TimeLimit {
  private readonly seconds: number;
  /** By `performance.now()`. */
  readonly deadline: number;

  /** @param began by `performance.now()`. @param byDefault seconds for models without a limit of their own. */
  constructor(
    private readonly version: ServableVersion,
    began: number,
    byDefault: number,
  ) {
    this.seconds = version.serving.predictionTimeoutSeconds ?? byDefault;
    this.deadline = began + this.seconds * 1_000;
  }

  /** For loops to look at. @throws AppError TIMED_OUT once the time is over. */
  readonly check = (): void => {
    if (performance.now() > this.deadline) throw this.timedOut();
  };

  /**
   * The result of `work` if it comes in time. What is late goes on until its next `check`, and nobody hears of its end.
   * @throws AppError TIMED_OUT
   */
  async race<Result>(work: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => {
          reject(this.timedOut());
        },
        Math.max(0, this.deadline - performance.now()),
      );
    });
    try {
      const result = await Promise.race([work, late]);
      this.check(); // Computing holds up the timer as well.
      return result;
    } finally {
      clearTimeout(timer);
    }
  }

  private timedOut(): AppError {
    const { seconds } = this;
    const { version, modelName } = this.version;
    return new AppError(
      'TIMED_OUT',
      `Version ${version} of ${modelName} has no answer to this request after ${seconds} s. Send fewer rows at once, or have its time limit raised (\`predictionTimeoutSeconds\` of the model, by default PREDICTION_TIMEOUT_SECONDS).`,
      { limit: 'timeout', timeoutSeconds: seconds },
    );
  }
}
