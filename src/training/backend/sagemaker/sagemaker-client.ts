import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import type { Config } from '../../../config/config.js';

/** Attempts of one call; ThrottlingException and InternalServerError are tried again with back-off and jitter. */
const ATTEMPTS = 6;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 20_000;

/** A client with the default chain of credentials. */
export function createSageMakerClient({
  AWS_REGION: region,
  AWS_ENDPOINT_URL_SAGEMAKER: endpoint,
}: Pick<Config, 'AWS_REGION' | 'AWS_ENDPOINT_URL_SAGEMAKER'>): SageMakerClient {
  return new SageMakerClient({
    region,
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
    },
  });
}
