import { randomUUID } from 'node:crypto';
import {
  DescribeTrainingJobCommand,
  ListTagsCommand,
  type SageMakerClient,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker';
import type { Config } from '../../config/config.js';
import { createSageMakerClient } from '../../training/backend/sagemaker/sagemaker-client.js';
import { isNotFound, sageMakerCode } from '../../training/backend/sagemaker/sagemaker-error.js';
import { examine, type Finding } from './finding.js';

const ACCOUNT = /^arn:([\w-]+):iam::(\d{12}):/;

/**
 * Asks about a job that can't exist: whoever may ask hears so, whoever may not hears that. Creating a job and passing
 * it its role can't be tried without doing it.
 */
export async function sageMakerChecks(config: Config): Promise<Finding[]> {
  if (config.TRAINING_BACKEND !== 'sagemaker') return [];
  const client = createSageMakerClient(config);
  const name = `boucle-doctor-${randomUUID()}`;
  const calls: Record<string, () => Promise<unknown>> = {
    'sagemaker:DescribeTrainingJob': () => client.send(new DescribeTrainingJobCommand({ TrainingJobName: name })),
    'sagemaker:StopTrainingJob': () => client.send(new StopTrainingJobCommand({ TrainingJobName: name })),
    'sagemaker:ListTags': () => listTags(client, config, name),
  };
  try {
    return await Promise.all(
      Object.entries(calls).map(([action, call]) =>
        examine(
          action,
          () => isAllowed(call),
          (error) => fixOf(error, action),
        ),
      ),
    );
  } finally {
    client.destroy();
  }
}

async function isAllowed(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  return 'allowed';
}

function listTags(client: SageMakerClient, config: Config, name: string): Promise<unknown> {
  const [, partition, account] = ACCOUNT.exec(config.SAGEMAKER_ROLE_ARN ?? '') ?? [];
  if (account === undefined) throw new Error('SAGEMAKER_ROLE_ARN is no ARN of a role');
  const arn = `arn:${partition}:sagemaker:${config.AWS_REGION}:${account}:training-job/${name}`;
  return client.send(new ListTagsCommand({ ResourceArn: arn }));
}

function fixOf(error: unknown, action: string): string {
  if (sageMakerCode(error) === 'AccessDeniedException') {
    return `Allow ${action} to the role of this process: docs/aws/service-policy.json.`;
  }
  return 'Check AWS_REGION, SAGEMAKER_ROLE_ARN, the credentials of this process, and its way to SageMaker.';
}
