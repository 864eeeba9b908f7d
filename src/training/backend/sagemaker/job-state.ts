import type { DescribeTrainingJobCommandOutput } from '@aws-sdk/client-sagemaker';
import type { ProgressLine } from '../../container/progress-line.js';

/** What is known of a job. */
export type JobState =
  | { readonly kind: 'ACTIVE' }
  /** `artifactUri` names the model.tar.gz. */
  | { readonly kind: 'COMPLETED'; readonly artifactUri: string }
  /** For want of machines, or by a mistake of the platform: another job may do better. */
  | { readonly kind: 'UNLUCKY'; readonly reason: string }
  | { readonly kind: 'FAILED'; readonly reason: string }
  | { readonly kind: 'STOPPED' };

export type JobDescription = Pick<
  DescribeTrainingJobCommandOutput,
  | 'TrainingJobStatus'
  | 'SecondaryStatus'
  | 'SecondaryStatusTransitions'
  | 'FailureReason'
  | 'ModelArtifacts'
  | 'ResourceConfig'
  | 'BillableTimeInSeconds'
  | 'TrainingTimeInSeconds'
>;

const UNLUCKY = /^(CapacityError|InternalServerError|ServerFault)\b/;
/** How the platform wraps what the container wrote to its failure file. */
const WRAPPED = /^AlgorithmError: ([\s\S]*?),? exit code: \d+$/;
/** Shares of a job by what it is at, for a progress bar that moves. */
const SHARES: Readonly<Record<string, number>> = {
  Starting: 0,
  Pending: 0,
  Downloading: 5,
  DownloadingTrainingImage: 5,
  Training: 10,
  Interrupted: 10,
  Uploading: 90,
  Stopping: 95,
};

/** `Stopped` includes the platform's limits of time, so the secondary status decides. */
export function stateOf(job: JobDescription): JobState {
  const { TrainingJobStatus: status, SecondaryStatus: secondary, FailureReason: reason = '' } = job;
  if (status === 'Completed') return completed(job);
  if (status === 'Failed' && UNLUCKY.test(reason)) return { kind: 'UNLUCKY', reason };
  if (status === 'Failed') return { kind: 'FAILED', reason: plainReason(reason) };
  if (status !== 'Stopped') return { kind: 'ACTIVE' };
  if (secondary === 'MaxRuntimeExceeded') {
    return {
      kind: 'FAILED',
      reason:
        'The training took longer than TRAINING_TIMEOUT_SECONDS, or the search than its minutes allow, and was stopped. Train on fewer rows or with smaller settings, or raise the limit.',
    };
  }
  if (secondary === 'MaxWaitTimeExceeded') {
    return {
      kind: 'FAILED',
      reason:
        'No spot machine was there for long enough within SAGEMAKER_MAX_WAIT_SECONDS. Raise it, name more types in SAGEMAKER_INSTANCE_TYPES, or set SAGEMAKER_SPOT=false.',
    };
  }
  return { kind: 'STOPPED' };
}

/** The job's stage as progress. @param told by the program itself, which counts while it runs. */
export function progressOf(
  { SecondaryStatus, SecondaryStatusTransitions }: JobDescription,
  told?: ProgressLine,
): ProgressLine {
  if (SecondaryStatus === 'Training' && told) return told;
  const message = SecondaryStatusTransitions?.at(-1)?.StatusMessage ?? SecondaryStatus ?? 'waiting';
  return { done: SHARES[SecondaryStatus ?? ''] ?? 0, total: 100, message };
}

/** What happened to the job so far, a line a stage; its own output is in CloudWatch. */
export function logOf(name: string, job: JobDescription): string {
  const lines = [`${name} on ${job.ResourceConfig?.InstanceType ?? 'a machine'}`];
  for (const { StartTime, Status, StatusMessage } of job.SecondaryStatusTransitions ?? [])
    lines.push([StartTime?.toISOString(), Status, StatusMessage].filter(Boolean).join(' '));
  const { BillableTimeInSeconds: billed, TrainingTimeInSeconds: taken } = job;
  if (billed !== undefined && taken !== undefined) lines.push(`billed ${billed} s of ${taken} s`);
  return `${lines.join('\n')}\n`;
}

function completed({ ModelArtifacts }: JobDescription): JobState {
  const artifactUri = ModelArtifacts?.S3ModelArtifacts;
  if (artifactUri !== undefined) return { kind: 'COMPLETED', artifactUri };
  return { kind: 'FAILED', reason: 'The training job ended without a model. Look at its log in CloudWatch.' };
}

function plainReason(reason: string): string {
  const inner = WRAPPED.exec(reason)?.[1]?.trim() ?? reason;
  return inner === '' ? 'The training job failed without a reason. Look at its log in CloudWatch.' : inner;
}
