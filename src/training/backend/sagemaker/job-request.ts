import type {
  CreateTrainingJobCommandInput,
  MetricDefinition,
  Tag,
  TrainingInstanceType,
} from '@aws-sdk/client-sagemaker';
import type { Config } from '../../../config/config.js';
import type { Task } from '../../../ml/schema/signature.js';
import { growsTrees } from '../../container/checkpoints.js';
import { type JobOrder, settingsFile } from '../../container/job-files.js';
import { isSearch } from '../../container/search-order.js';
import type { TrainingJob } from '../training-backend.js';
import { longestRuntime } from './job-cost.js';
import { jobNameOf, ownerTag } from './job-name.js';

/** What is to be learned from what; all other channels hold rows. */
export const SPEC_CHANNEL = 'spec';

export type SageMakerSettings = Pick<
  Config,
  | 'SAGEMAKER_ROLE_ARN'
  | 'SAGEMAKER_IMAGE'
  | 'SAGEMAKER_VOLUME_GB'
  | 'SAGEMAKER_KEEP_ALIVE_SECONDS'
  | 'SAGEMAKER_SPOT'
  | 'SAGEMAKER_MAX_WAIT_SECONDS'
  | 'SAGEMAKER_SUBNETS'
  | 'SAGEMAKER_SECURITY_GROUPS'
  | 'SAGEMAKER_KMS_KEY_ID'
  | 'SAGEMAKER_NETWORK_ISOLATION'
  | 'S3_KMS_KEY_ID'
  | 'TRAINING_TIMEOUT_SECONDS'
>;

/** A training or a search as the platform gets it. */
export interface JobRequest extends Pick<TrainingJob, 'id' | 'order' | 'seconds'> {
  readonly attempt: number;
  readonly instanceType: string;
  /** Of what the container finds in a folder of that name. */
  readonly channels: Readonly<Record<string, string>>;
  /** Of somebody else's script; our own where it is not named. */
  readonly image?: string;
  /** Below it, the model and checkpoints. */
  readonly outputUri: string;
}

/** Metrics that a training prints, by task; the platform charts those that a definition finds. */
const METRICS: Readonly<Record<Task, readonly string[]>> = {
  REGRESSION: ['rmse', 'mae', 'r2', 'mape'],
  CLASSIFICATION: ['logLoss', 'accuracy', 'balancedAccuracy', 'f1', 'rocAuc', 'prAuc', 'brier', 'ece'],
};
const NUMBER = '([-+0-9.eE]+)';
/** What a search prints of each trial, in the form of trial-line.ts. */
const TRIAL_METRIC: MetricDefinition = { Name: 'trial:score', Regex: `"event":"SCORED".*"score":${NUMBER}` };

/** The request for a job that runs an image with `train`, on one machine: our trainers use threads, not hosts. */
export function jobRequest(job: JobRequest, settings: SageMakerSettings): CreateTrainingJobCommandInput {
  const { id, attempt, order, channels, image, outputUri } = job;
  return {
    TrainingJobName: jobNameOf(id, attempt),
    RoleArn: settings.SAGEMAKER_ROLE_ARN,
    AlgorithmSpecification: {
      TrainingImage: image ?? settings.SAGEMAKER_IMAGE,
      TrainingInputMode: 'File',
      MetricDefinitions: metricDefinitions(order),
    },
    HyperParameters: settingsFile(order),
    InputDataConfig: Object.entries(channels).map(([name, uri]) => channel(name, uri)),
    OutputDataConfig: {
      S3OutputPath: outputUri,
      ...(settings.S3_KMS_KEY_ID !== undefined && { KmsKeyId: settings.S3_KMS_KEY_ID }),
    },
    ResourceConfig: resources(settings, job.instanceType),
    StoppingCondition: stoppingCondition(settings, job.seconds),
    ...(settings.SAGEMAKER_SPOT && { EnableManagedSpotTraining: true }),
    // Also without spot machines: where the platform loses one, the next job goes on from there.
    // Of a search, they are what is known of it while it runs.
    ...((isSearch(order) || growsTrees(order.algorithm) || image !== undefined) && {
      CheckpointConfig: { S3Uri: checkpointsOf(outputUri) },
    }),
    ...(settings.SAGEMAKER_SUBNETS.length > 0 && {
      VpcConfig: { Subnets: settings.SAGEMAKER_SUBNETS, SecurityGroupIds: settings.SAGEMAKER_SECURITY_GROUPS },
    }),
    // With a network, a script had the job's role as well, which may read the rows that are held out from it.
    EnableNetworkIsolation: settings.SAGEMAKER_NETWORK_ISOLATION || image !== undefined,
    Tags: lineage(job),
  };
}

/** Where checkpoints lie, below a URI or key of what a job writes. */
export function checkpointsOf(output: string): string {
  return `${output}/checkpoints`;
}

function channel(name: string, uri: string) {
  return {
    ChannelName: name,
    ContentType: name === SPEC_CHANNEL ? 'application/json' : 'application/vnd.apache.parquet',
    DataSource: {
      S3DataSource: {
        S3DataType: 'S3Prefix' as const,
        S3Uri: uri,
        S3DataDistributionType: 'FullyReplicated' as const,
      },
    },
  };
}

function resources(settings: SageMakerSettings, instanceType: string): CreateTrainingJobCommandInput['ResourceConfig'] {
  const { SAGEMAKER_VOLUME_GB, SAGEMAKER_KMS_KEY_ID, SAGEMAKER_KEEP_ALIVE_SECONDS: keepAlive } = settings;
  return {
    InstanceType: instanceType as TrainingInstanceType, // The SDK's list of types is behind the service's.
    InstanceCount: 1,
    VolumeSizeInGB: SAGEMAKER_VOLUME_GB,
    ...(SAGEMAKER_KMS_KEY_ID !== undefined && { VolumeKmsKeyId: SAGEMAKER_KMS_KEY_ID }),
    ...(keepAlive > 0 && { KeepAlivePeriodInSeconds: keepAlive }),
  };
}

/** A spot job may also wait for a machine; the limit of its wait holds its run time as well. */
function stoppingCondition(
  settings: SageMakerSettings,
  seconds: number | undefined,
): CreateTrainingJobCommandInput['StoppingCondition'] {
  const { TRAINING_TIMEOUT_SECONDS: timeout, SAGEMAKER_SPOT, SAGEMAKER_MAX_WAIT_SECONDS: wait } = settings;
  const runtime = longestRuntime(settings, seconds);
  return {
    MaxRuntimeInSeconds: runtime,
    ...(SAGEMAKER_SPOT && { MaxWaitTimeInSeconds: Math.ceil(Math.max(runtime, wait ?? 2 * timeout)) }),
  };
}

function metricDefinitions(order: JobOrder): MetricDefinition[] {
  if (isSearch(order)) return [TRIAL_METRIC];
  const { task, folds } = order.spec;
  const parts = ['validation', 'holdout', ...(folds === undefined ? [] : ['folds'])];
  const names = ['train:loss', ...parts.flatMap((part) => METRICS[task].map((name) => `${part}:${name}`))];
  return names.map((name) => ({ Name: name, Regex: `${name}=${NUMBER};` }));
}

function lineage({ id, order, image }: JobRequest): Tag[] {
  const { versionId, contentHash } = order.spec.dataset;
  const algorithms = isSearch(order) ? Object.keys(order.search.space) : [order.algorithm];
  return [
    ownerTag({ id, order }),
    { Key: 'boucle:algorithm', Value: algorithms.join(' ') },
    { Key: 'boucle:dataset-version', Value: versionId },
    { Key: 'boucle:dataset-hash', Value: contentHash },
    ...(image === undefined ? [] : [{ Key: 'boucle:image', Value: image }]),
  ];
}
