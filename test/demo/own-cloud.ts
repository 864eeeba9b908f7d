import { startS3Server } from '../support/s3/s3-server.ts';
import { type SageMakerServer, startSageMaker } from '../support/sagemaker/sagemaker-server.ts';
import type { Terminal } from './terminal.ts';

/** A bucket and a SageMaker on this machine, which speak the protocols of AWS; jobs really run. */
export interface OwnCloud {
  /** Settings of a Boucle that stores and trains there. */
  readonly env: Readonly<Record<string, string>>;
  /** By name. */
  readonly jobs: SageMakerServer['jobs'];
  /** What images start. */
  readonly images: SageMakerServer['images'];
  /** Of the objects in the bucket. */
  keys(): Iterable<string>;
  /** Tells what came in. */
  show(terminal: Terminal): void;
  stop(): Promise<void>;
}

export async function startOwnCloud(): Promise<OwnCloud> {
  const s3 = await startS3Server();
  const sagemaker = await startSageMaker(s3.url);
  return {
    env: {
      ...s3.env,
      TRAINING_BACKEND: 'sagemaker',
      AWS_ENDPOINT_URL_SAGEMAKER: sagemaker.url,
      SAGEMAKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/boucle-training',
      SAGEMAKER_IMAGE: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/boucle:demo',
      SAGEMAKER_POLL_SECONDS: '0.5',
    },
    jobs: sagemaker.jobs,
    images: sagemaker.images,
    keys: () => s3.bucket.objects.keys(),
    show: (terminal) => {
      terminal.title('In the cloud');
      terminal.table(
        ['training job', 'status', 'machine', 'algorithm'],
        [...sagemaker.jobs.values()].map(({ request, status }) => [
          request.TrainingJobName,
          status,
          request.ResourceConfig.InstanceType,
          request.HyperParameters?.['algorithm'] ?? '',
        ]),
      );
      terminal.line(`  ${s3.bucket.objects.size} objects in the bucket after ${s3.requests.length} requests`);
    },
    stop: async () => {
      await sagemaker.stop();
      await s3.stop();
    },
  };
}
