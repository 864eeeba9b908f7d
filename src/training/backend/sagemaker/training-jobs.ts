import {
  CreateTrainingJobCommand,
  DescribeTrainingJobCommand,
  type DescribeTrainingJobCommandOutput,
  ListTagsCommand,
  type SageMakerClient,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { AppError } from '../../../errors/app-error.js';
import { jobNameOf, ownerTag } from './job-name.js';
import { type JobRequest, jobRequest, type SageMakerSettings } from './job-request.js';
import { isNotFound, sageMakerCode, sageMakerError } from './sagemaker-error.js';

/** The calls to the platform that a training needs, each safe to make again. */
export class TrainingJobs {
  constructor(
    private readonly client: SageMakerClient,
    private readonly settings: SageMakerSettings,
  ) {}

  /**
   * Creates a job. One that exists under the name was created by a call whose answer got lost, if its tag says so.
   * @returns false where the account has no such machine left to give: try another type, or later.
   * @throws AppError INVALID_STATE for a request that the platform refuses, UPSTREAM_FAILED if it can't be reached.
   */
  async create(order: JobRequest, signal: AbortSignal): Promise<boolean> {
    try {
      await this.client.send(new CreateTrainingJobCommand(jobRequest(order, this.settings)), { abortSignal: signal });
      return true;
    } catch (error) {
      if (sageMakerCode(error) === 'ResourceLimitExceeded') return false;
      if (sageMakerCode(error) !== 'ResourceInUse') throw sageMakerError(error, signal);
      await this.assertOurs(order, signal);
      return true;
    }
  }

  /** @returns undefined for a job that does not exist. */
  async describe(name: string, signal?: AbortSignal): Promise<DescribeTrainingJobCommandOutput | undefined> {
    try {
      return await this.client.send(new DescribeTrainingJobCommand({ TrainingJobName: name }), { abortSignal: signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw sageMakerError(error, signal);
    }
  }

  /** Asks a job to stop; one that has ended is left as it is. */
  async stop(name: string): Promise<void> {
    try {
      await this.client.send(new StopTrainingJobCommand({ TrainingJobName: name }));
    } catch (error) {
      if (sageMakerCode(error) !== 'ValidationException') throw sageMakerError(error);
    }
  }

  private async assertOurs(order: JobRequest, signal: AbortSignal): Promise<void> {
    const name = jobNameOf(order.id, order.attempt);
    const owner = ownerTag(order);
    const job = await this.describe(name, signal);
    const tags = await this.client
      .send(new ListTagsCommand({ ResourceArn: job?.TrainingJobArn }), { abortSignal: signal })
      .catch((error: unknown) => {
        throw sageMakerError(error, signal);
      });
    if (tags.Tags?.some(({ Key, Value }) => Key === owner.Key && Value === owner.Value)) return;
    throw new AppError(
      'CONFLICT',
      `There is a training job ${name} that is not ours. Start the training again, under a new name.`,
    );
  }
}
