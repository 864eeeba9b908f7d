import type { LookupFunction } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import type { Config } from '../../../config/config.js';

/** Attempts of one request, with exponential back-off and jitter in between. */
const ATTEMPTS = 5;
const CONNECT_TIMEOUT_MS = 5_000;
/** A request that moves nothing for so long has failed. */
const IDLE_TIMEOUT_MS = 30_000;

export type S3Settings = Pick<
  Config,
  'AWS_REGION' | 'AWS_ENDPOINT_URL_S3' | 'S3_FORCE_PATH_STYLE' | 'S3_ENCRYPTION' | 'S3_KMS_KEY_ID'
>;

/**
 * A client with the default chain of credentials: environment, profile, web identity (IRSA), Pod Identity, instance.
 * @param lookup resolves the endpoint's name where a user chose it, and refuses addresses that may not be connected to.
 */
export function createS3Client(settings: S3Settings, lookup?: LookupFunction): S3Client {
  const { AWS_REGION: region, AWS_ENDPOINT_URL_S3: endpoint, S3_FORCE_PATH_STYLE: pathStyle } = settings;
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: pathStyle,
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: IDLE_TIMEOUT_MS,
      requestTimeout: IDLE_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      ...(lookup && { httpAgent: { lookup }, httpsAgent: { lookup } }),
    },
  });
}
