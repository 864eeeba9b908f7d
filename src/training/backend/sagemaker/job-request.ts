import type {
  CreateTrainingJobCommandInput,
  MetricDefinition,
  Tag,
  TrainingInstanceType,
} from '@aws-sdk/client-sagemaker';
import type { Config } from '../../../config/config.js';
import type { Task } from '../../../ml/schema/signature.js';
import { growsTrees } from '../../container/checkpoints.js';
import { type AnyTrainingOrder, hyperparametersFile } from '../../container/order.js';
import { jobNameOf, RUN_TAG } from './job-name.js';

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

/** A run as the platform gets it. */
export interface JobOrder {
  readonly runId: string;
  readonly attempt: number;
  readonly instanceType: string;
  readonly order: AnyTrainingOrder;
  /** Of what the container finds in a folder of that name. */
  readonly channels: Readonly<Record<string, string>>;
  /** Of somebody else's script; our own where it is not named. */
  readonly image?: string;
  /** Below it, the model and checkpoints. */
  readonly outputUri: string;
}

/** Metrics that the command `train` prints, by task; the platform charts those that a definition finds. */
const METRICS: Readonly<Record<Task, readonly string[]>> = {
  REGRESSION: ['rmse', 'mae', 'r2', 'mape'],
  CLASSIFICATION: ['logLoss', 'accuracy', 'balancedAccuracy', 'f1', 'rocAuc', 'prAuc', 'brier', 'ece'],
};
const NUMBER = '([-+0-9.eE]+)';

/** The request for a job that runs an image with `train`, on one machine: our trainers use threads, not hosts. */
export function jobRequest(job: JobOrder, settings: SageMakerSettings): CreateTrainingJobCommandInput {
  const { runId, attempt, order, channels, image, outputUri } = job;
  return {
    TrainingJobName: jobNameOf(runId, attempt),
    RoleArn: settings.SAGEMAKER_ROLE_ARN,
    AlgorithmSpecification: {
      TrainingImage: image ?? settings.SAGEMAKER_IMAGE,
      TrainingInputMode: 'File',
      MetricDefinitions: metricDefinitions(order.spec),
    },
    HyperParameters: hyperparametersFile(order),
    InputDataConfig: Object.entries(channels).map(([name, uri]) => channel(name, uri)),
    OutputDataConfig: {
      S3OutputPath: outputUri,
      ...(settings.S3_KMS_KEY_ID !== undefined && { KmsKeyId: settings.S3_KMS_KEY_ID }),
    },
    ResourceConfig: resources(settings, job.instanceType),
    StoppingCondition: stoppingCondition(settings),
    ...(settings.SAGEMAKER_SPOT && { EnableManagedSpotTraining: true }),
    // Also without spot machines: where the platform loses one, the run's next job goes on from there.
    ...((growsTrees(order.algorithm) || image !== undefined) && {
      CheckpointConfig: { S3Uri: `${outputUri}/checkpoints` },
    }),
    ...(settings.SAGEMAKER_SUBNETS.length > 0 && {
      VpcConfig: { Subnets: settings.SAGEMAKER_SUBNETS, SecurityGroupIds: settings.SAGEMAKER_SECURITY_GROUPS },
    }),
    // With a network, a script had the job's role as well, which may read the rows that are held out from it.
    EnableNetworkIsolation: settings.SAGEMAKER_NETWORK_ISOLATION || image !== undefined,
    Tags: lineage(job),
  };
}

function channel(name: string, uri: string) {
  return {
    ChannelName: name,
    ContentType: uri.endsWith('.json') ? 'application/json' : 'application/vnd.apache.parquet',
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
function stoppingCondition(settings: SageMakerSettings): CreateTrainingJobCommandInput['StoppingCondition'] {
  const { TRAINING_TIMEOUT_SECONDS: runtime, SAGEMAKER_SPOT, SAGEMAKER_MAX_WAIT_SECONDS: wait } = settings;
  return {
    MaxRuntimeInSeconds: Math.ceil(runtime),
    ...(SAGEMAKER_SPOT && { MaxWaitTimeInSeconds: Math.ceil(Math.max(runtime, wait ?? 2 * runtime)) }),
  };
}

function metricDefinitions({ task, folds }: AnyTrainingOrder['spec']): MetricDefinition[] {
  const parts = ['validation', 'holdout', ...(folds === undefined ? [] : ['folds'])];
  const names = ['train:loss', ...parts.flatMap((part) => METRICS[task].map((name) => `${part}:${name}`))];
  return names.map((name) => ({ Name: name, Regex: `${name}=${NUMBER};` }));
}

function lineage({ runId, order, image }: JobOrder): Tag[] {
  const { versionId, contentHash } = order.spec.dataset;
  return [
    { Key: RUN_TAG, Value: runId },
    { Key: 'boucle:algorithm', Value: order.algorithm },
    { Key: 'boucle:dataset-version', Value: versionId },
    { Key: 'boucle:dataset-hash', Value: contentHash },
    ...(image === undefined ? [] : [{ Key: 'boucle:image', Value: image }]),
  ];
}
