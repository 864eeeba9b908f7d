import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';

const bytes = (fallback: number) => z.coerce.number().int().positive().default(fallback);
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
/** `true` and `false` are from the time when this was a switch. */
const proxies = z
  .string()
  .regex(/^(\d|true|false)$/, 'must be the number of proxies in front, from 0 to 9')
  .transform((text) => (text === 'true' ? 1 : Number(text === 'false' ? 0 : text)));
const list = z
  .string()
  .transform((text) => text.split(',').map((item) => item.trim()))
  .transform((items) => items.filter((item) => item !== ''));

/** `type=price,…`, a price being that of an hour in USD. */
const prices = z
  .string()
  .regex(/^[^=,]+=\d+(\.\d+)?(,[^=,]+=\d+(\.\d+)?)*$/, 'must be a list such as ml.m5.xlarge=0.25,ml.m5.2xlarge=0.5')
  .transform((text): Readonly<Record<string, number>> => {
    const pairs = text.split(',').map((pair) => pair.split('=') as [string, string]);
    return Object.fromEntries(pairs.map(([type, price]) => [type.trim(), Number(price)]));
  });

const MEBIBYTE = 2 ** 20;
const GIBIBYTE = 2 ** 30;

/** Every setting of the process, by its environment variable. `describe` texts are the README's settings table. */
export const settingsSchema = z.object({
  NODE_ENV: z.string().default('development').describe('`production` turns GraphiQL and introspection off by default'),
  HOST: z.string().optional().describe('Address to listen on; 127.0.0.1 with the embedded database, else 0.0.0.0'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000).describe('HTTP port; 0 picks a free one'),
  TRUST_PROXY: proxies
    .default(0)
    .describe('How many of your own proxies every request passes; the first one names the client in X-Forwarded-For'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least severe level written; a prediction that succeeds has a line at `debug` only'),
  LOG_FORMAT: z.enum(['json', 'pretty']).optional().describe('`pretty` on a terminal, `json` otherwise'),
  SHUTDOWN_TIMEOUT_SECONDS: z.coerce.number().positive().default(30).describe('How long a stop waits for work to end'),
  BODY_LIMIT_BYTES: bytes(8 * MEBIBYTE).describe('Largest JSON body accepted'),

  BOUCLE_HOME: z.string().default('./.boucle').describe('Folder of the embedded database, files and secrets'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
    .optional()
    .describe('PostgreSQL 15 or newer; without it an embedded one runs in BOUCLE_HOME'),
  DATABASE_DIRECT_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
    .optional()
    .describe('The same database without a pooler in between, for LISTEN'),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(200).default(10).describe('Connections kept by this process'),
  DATABASE_TIMEOUT_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3600)
    .default(60)
    .describe('Longest time that a statement may take; migrations have no limit'),
  STORAGE_URL: z
    .string()
    .regex(/^(file:\/\/\/|s3:\/\/[a-z0-9])/, 'must start with file:/// or be s3://bucket/prefix')
    .optional()
    .describe('Object store: `s3://bucket/prefix` or `file:///folder`; a folder in BOUCLE_HOME by default'),
  AWS_REGION: z.string().default('eu-west-1').describe('Region of the bucket and of SageMaker'),
  AWS_ENDPOINT_URL_S3: z.url().optional().describe('Another server that speaks the S3 protocol'),
  S3_FORCE_PATH_STYLE: flag
    .optional()
    .describe('Name the bucket in the path instead of the host; on with AWS_ENDPOINT_URL_S3'),
  S3_ENCRYPTION: z
    .enum(['AES256', 'aws:kms', 'aws:kms:dsse'])
    .optional()
    .describe("Server-side encryption asked for with every object; the bucket's own by default"),
  S3_KMS_KEY_ID: z.string().optional().describe('KMS key for S3_ENCRYPTION=aws:kms; the account’s own by default'),
  BOUCLE_SECRET: z
    .string()
    .min(32, 'must have at least 32 characters')
    .optional()
    .describe('Signs tokens and encrypts stored credentials; generated in BOUCLE_HOME with the embedded database'),

  REGISTRATION: z
    .enum(['open', 'invite', 'closed'])
    .optional()
    .describe('Who may register: `open` with the embedded database, `invite` otherwise'),
  GRAPHIQL: flag.optional().describe('Serve GraphiQL at /graphiql; off in production by default'),
  INTROSPECTION: flag.optional().describe('Answer introspection queries; off in production by default'),

  SOURCE_ALLOW_LIST: list.default([]).describe('host or host:port, comma-separated: internal or plain-HTTP sources'),
  SOURCE_S3_ALLOW_LIST: list
    .default([])
    .describe('[https://host/]bucket[/prefix], comma-separated: what engineers may extract with our credentials'),
  SOURCE_MAX_BYTES: bytes(20 * GIBIBYTE).describe(
    'Largest source that an extraction reads, and most that it spills to disk',
  ),
  SOURCE_TIMEOUT_SECONDS: z.coerce.number().positive().default(3600).describe('Longest time an extraction may take'),
  WEBHOOK_ALLOW_LIST: list.default([]).describe('host or host:port, comma-separated: internal or plain-HTTP webhooks'),
  DUCKDB_MEMORY_LIMIT: z
    .string()
    .regex(/^\d+(MB|GB)$/, 'must be a size such as 512MB')
    .default('512MB')
    .describe('Memory of one extraction'),

  TRAINING_THREADS: z.coerce.number().int().min(1).max(64).optional().describe('Threads of one training; all cores'),
  TRAINING_PARALLEL: z.coerce.number().int().min(1).max(64).default(1).describe('Trainings at once in one worker'),
  TRAINING_TIMEOUT_SECONDS: z.coerce.number().positive().default(86_400).describe('Longest time a training may take'),
  ONNX_MAX_BYTES: bytes(256 * MEBIBYTE).describe('Largest ONNX file that can be uploaded'),
  ONNX_TIMEOUT_SECONDS: z.coerce
    .number()
    .positive()
    .max(86_400)
    .default(600)
    .describe('Longest time that an uploaded ONNX file may take to be checked and measured'),
  ONNX_MEMORY_BYTES: bytes(2 * GIBIBYTE).describe('Memory that it may take meanwhile'),
  TRAINING_BACKEND: z
    .enum(['local', 'sagemaker'])
    .default('local')
    .describe('Where trainings run: in child processes of the worker, or on SageMaker'),
  AWS_ENDPOINT_URL_SAGEMAKER: z.url().optional().describe('Another server that speaks the protocol of SageMaker'),
  SAGEMAKER_ROLE_ARN: z.string().optional().describe('Execution role of training jobs'),
  SAGEMAKER_IMAGE: z.string().optional().describe('This image in ECR, target `sagemaker` of the Dockerfile'),
  SAGEMAKER_IMAGE_ALLOW_LIST: list
    .default([])
    .describe('registry/repository or whole images, comma-separated: training scripts that models may name'),
  SAGEMAKER_INSTANCE_TYPES: list
    .refine((types) => types.length > 0, 'must name at least one type')
    .default(['ml.m5.xlarge'])
    .describe('Machines for trainings, comma-separated: the next one is tried where there is none of the first'),
  SAGEMAKER_PRICES: prices
    .default({})
    .describe('USD an hour by type, such as `ml.m5.xlarge=0.25,…`; needed for costs of runs and their limits'),
  SAGEMAKER_VOLUME_GB: z.coerce.number().int().min(1).max(16_384).default(30).describe('Disk of a training job'),
  SAGEMAKER_KEEP_ALIVE_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(3600)
    .default(0)
    .describe('How long a machine is kept warm for the next training; it costs as much as it works'),
  SAGEMAKER_SPOT: flag.default(false).describe('Train on spot machines, which are cheaper and may be taken away'),
  SAGEMAKER_MAX_WAIT_SECONDS: z.coerce
    .number()
    .int()
    .positive()
    .optional()
    .describe('Longest time for a spot training with its waits; twice TRAINING_TIMEOUT_SECONDS by default'),
  SAGEMAKER_SUBNETS: list.default([]).describe('Subnets of training jobs, comma-separated; none by default'),
  SAGEMAKER_SECURITY_GROUPS: list.default([]).describe('Their security groups, needed with subnets'),
  SAGEMAKER_KMS_KEY_ID: z.string().optional().describe('KMS key for the disks of training jobs'),
  SAGEMAKER_NETWORK_ISOLATION: flag.default(false).describe('Training jobs have no network at all'),
  SAGEMAKER_POLL_SECONDS: z.coerce
    .number()
    .min(0.05)
    .max(300)
    .default(5)
    .describe('How often a training job is looked at, at first; later less often, but every minute'),
  EVALUATOR_CACHE_BYTES: bytes(512 * MEBIBYTE).describe('Memory for loaded models in one process'),
  PREDICTION_MAX_ROWS: z.coerce.number().int().positive().default(10_000).describe('Most rows in one request'),
  PREDICTION_RATE_LIMIT: z.coerce
    .number()
    .positive()
    .optional()
    .describe('Most requests a second of one user or API key in one process; no limit by default'),
  PREDICTION_CONCURRENCY: z.coerce
    .number()
    .int()
    .positive()
    .default(1_000)
    .describe('Most requests for predictions that one process works on at once'),
  PREDICTION_THREADS: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe('Threads for large REST requests; by default one less than the processors, but 1 to 4'),
  PREDICTION_TIMEOUT_SECONDS: z.coerce
    .number()
    .positive()
    .max(600)
    .default(30)
    .describe('Longest time that a model takes to answer a request, where it has no limit of its own; after it, 504'),
  PREDICTION_LOG_MODE: z
    .enum(['durable', 'async', 'sampled'])
    .default('durable')
    .describe('`async` answers before the commit and may lose rows; `sampled` logs a share of them'),
  PREDICTION_LOG_SHARE: z.coerce.number().gt(0).max(1).default(0.1).describe('Share of rows logged by `sampled`'),
  PREDICTION_LOG_PENDING_ROWS: z.coerce
    .number()
    .int()
    .positive()
    .default(50_000)
    .describe('Most rows in one process that wait for their commit; beyond them requests get 503'),
  PREDICTION_LOG_WAIT_SECONDS: z.coerce
    .number()
    .positive()
    .max(60)
    .default(10)
    .describe('Longest wait of a request for the database; after it, 503'),
  PREDICTION_RETENTION_DAYS: z.coerce
    .number()
    .int()
    .positive()
    .default(400)
    .describe('Age at which logged predictions go'),
  IDEMPOTENCY_HOURS: z.coerce
    .number()
    .positive()
    .max(720)
    .default(24)
    .describe('How long the answer for an Idempotency-Key is kept'),
  OUTCOME_ACCEPTANCE_DAYS: z.coerce
    .number()
    .int()
    .positive()
    .max(36_500)
    .default(90)
    .describe('Age of a prediction up to which its outcome is taken'),
});

type Settings = z.infer<typeof settingsSchema>;

/** The frozen settings of this process, with everything that depends on other settings decided. */
export interface Config extends Readonly<Settings> {
  readonly embedded: boolean;
  readonly home: string;
  readonly HOST: string;
  readonly LOG_FORMAT: 'json' | 'pretty';
  readonly REGISTRATION: 'open' | 'invite' | 'closed';
  readonly GRAPHIQL: boolean;
  readonly INTROSPECTION: boolean;
  readonly STORAGE_URL: string;
  readonly S3_FORCE_PATH_STYLE: boolean;
}

/** A setting is missing or wrong. The message lists every problem by name and never shows a value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Parses the environment once. Empty variables count as unset, as in Kubernetes manifests with optional values.
 * @throws ConfigError naming every wrong setting at once.
 */
export function loadConfig(environment: NodeJS.ProcessEnv, isTerminal = process.stdout.isTTY): Config {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settingsSchema.safeParse(present);
  if (!parsed.success) throw new ConfigError(describeProblems(parsed.error.issues));
  const settings = parsed.data;
  const embedded = settings.DATABASE_URL === undefined;
  if (!embedded && settings.BOUCLE_SECRET === undefined) {
    throw new ConfigError(
      'BOUCLE_SECRET is needed when DATABASE_URL is set: at least 32 random characters, the same on every replica, for example from `openssl rand -base64 48`',
    );
  }
  checkSageMaker(settings);
  // Asked for only where it is needed: a user without an entry in /etc/passwd, as in a container, may have none.
  const home = resolve(settings.BOUCLE_HOME.replace(/^~(?=\/|$)/, () => homedir()));
  const development = settings.NODE_ENV !== 'production';
  return Object.freeze({
    ...settings,
    embedded,
    home,
    HOST: settings.HOST ?? (embedded ? '127.0.0.1' : '0.0.0.0'),
    LOG_FORMAT: settings.LOG_FORMAT ?? (isTerminal ? 'pretty' : 'json'),
    REGISTRATION: settings.REGISTRATION ?? (embedded ? 'open' : 'invite'),
    GRAPHIQL: settings.GRAPHIQL ?? development,
    INTROSPECTION: settings.INTROSPECTION ?? development,
    STORAGE_URL: settings.STORAGE_URL ?? `file://${home}/objects`,
    S3_FORCE_PATH_STYLE: settings.S3_FORCE_PATH_STYLE ?? settings.AWS_ENDPOINT_URL_S3 !== undefined,
  });
}

/** What SageMaker needs, it needs from the start, not from the first training on. */
function checkSageMaker(settings: Settings): void {
  if (settings.TRAINING_BACKEND !== 'sagemaker') return;
  const needed = ['SAGEMAKER_ROLE_ARN', 'SAGEMAKER_IMAGE'] as const;
  const missing: string[] = needed.filter((name) => settings[name] === undefined);
  if (!settings.STORAGE_URL?.startsWith('s3:')) missing.push('STORAGE_URL=s3://…');
  if (settings.SAGEMAKER_SUBNETS.length > 0 && settings.SAGEMAKER_SECURITY_GROUPS.length === 0)
    missing.push('SAGEMAKER_SECURITY_GROUPS');
  if (missing.length > 0) throw new ConfigError(`TRAINING_BACKEND=sagemaker also needs ${missing.join(', ')}`);
}

function describeProblems(issues: readonly z.core.$ZodIssue[]): string {
  const lines = issues.map((issue) => `  ${issue.path.join('.')}: ${withoutValue(issue)}`);
  return `Some settings are wrong:\n${lines.join('\n')}`;
}

function withoutValue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_type') return `must be a ${issue.expected}`;
  return issue.message;
}
