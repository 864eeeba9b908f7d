import { AppError } from '../../../errors/app-error.js';
import { s3Code } from './s3-location.js';

const DENIED =
  'access is denied. Give this process a role that may get, put, delete and list objects of the bucket (and use its KMS key)';

const NO_BUCKET = 'the bucket does not exist. Create it, or mend STORAGE_URL and AWS_REGION';

/** What a person can do about errors of the service, by their code. */
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: NO_BUCKET,
  /** What a HEAD request, which has no body, says instead. */
  NotFound: NO_BUCKET,
  AccessDenied: DENIED,
  Forbidden: DENIED,
  InvalidAccessKeyId: 'the access key is unknown there. Check the credentials of this process',
  SignatureDoesNotMatch: 'the secret key is wrong. Check the credentials of this process',
  ExpiredToken: 'the credentials have expired. Renew those of this process',
  PermanentRedirect: 'the bucket is in another region. Set AWS_REGION to it',
  AuthorizationHeaderMalformed: 'the bucket is in another region. Set AWS_REGION to it',
  RequestTimeTooSkewed: 'the clock of this machine is wrong. Set it right',
  SlowDown: 'it asks for fewer requests. Try again in a while',
  CredentialsProviderError: 'there are no credentials. Give this process a role, a profile, or keys in the environment',
};

/** An error of the service or on the way to it, in words for a person. A stop that was asked for stays what it is. */
export function storageError(error: unknown, bucket: string, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const code = s3Code(error) ?? error.name;
  const reason = ADVICE[code] ?? `it cannot be reached or does not answer as it should (${code}). Try again`;
  return new AppError('UPSTREAM_FAILED', `The object store (bucket ${bucket}) cannot be used: ${reason}.`, undefined, {
    cause: error,
  });
}
