import type { Readable } from 'node:stream';
import type { OutboundPolicy } from '../../platform/http/outbound-policy.js';
import type { S3Settings } from '../../platform/storage/s3/s3-client.js';
import type { ExtractionLimits } from './limits.js';

export interface ExtractionProgress {
  readonly phase: 'READING' | 'CONVERTING' | 'PROFILING';
  /** Bytes read from the source so far, and in all if the source announced it. */
  readonly bytes: number;
  readonly totalBytes?: number;
  /** Share of the phase that is done, 0 to 1, where it is known. */
  readonly fraction?: number;
  /** Where a source has several objects: how many were read, and how many there are. */
  readonly objects?: { readonly done: number; readonly total: number };
}

/** What an installation lets its users read of S3 by its own credentials. */
export interface S3Access {
  readonly settings: S3Settings;
  /**
   * `bucket`, or `bucket/prefix` for what lies below it; for a server other than the installation's own, whose buckets
   * are others, with its address before it. Everything else is refused: its role may be able to read more.
   */
  readonly allowList: readonly string[];
}

export interface ExtractionContext {
  /** An empty folder of this extraction's own; the caller removes it. */
  readonly folder: string;
  readonly limits: ExtractionLimits;
  readonly outbound: OutboundPolicy;
  readonly memoryLimit: string;
  readonly threads?: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ExtractionProgress) => void;
  /** Needed for sources of the kind S3. */
  readonly s3?: S3Access;
  /** Opens what was uploaded; needed for sources of the kind UPLOAD. */
  readonly openUpload?: () => Promise<Readable>;
}
