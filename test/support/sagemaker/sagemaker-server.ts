import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BucketFiles } from './bucket-files.ts';
import { createTrainingJobSchema } from './create-job-schema.ts';
import { describeJob } from './describe-job.ts';
import { OUR_PROGRAM } from './training-container.ts';
import { type JobFate, TrainingJob } from './training-job.ts';

/** What goes wrong with a call: an error of the service instead of the work, or the loss of the answer after it. */
export type CallFault = { readonly error: string; readonly status?: number } | 'LOST_ANSWER';

export interface SageMakerServer {
  readonly url: string;
  /** Every call so far, such as CreateTrainingJob. */
  readonly calls: string[];
  /** By name, in the order of their creation. */
  readonly jobs: ReadonlyMap<string, TrainingJob>;
  /** What images start, by their names; any other is ours. */
  readonly images: Map<string, readonly string[]>;
  /** Decides for every call whether something goes wrong with it. */
  fault: (operation: string) => CallFault | undefined;
  /** Decides for every job what happens to it. */
  fate: (request: TrainingJob['request']) => JobFate | undefined;
  stop(): Promise<void>;
}

/** An error as the service words it. */
class ServiceError extends Error {
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/**
 * An endpoint that speaks the wire protocol of SageMaker's training API (JSON 1.1), holds requests to its documented
 * limits, and really runs the jobs: the command `train` in a process on a container's folders, with the data from the
 * bucket and the model back into it.
 * @param s3Endpoint where the bucket is.
 */
export async function startSageMaker(s3Endpoint: string): Promise<SageMakerServer> {
  const files = new BucketFiles(s3Endpoint);
  const jobs = new Map<string, TrainingJob>();
  const calls: string[] = [];
  const server = createServer((incoming, outgoing) => void handle(incoming, outgoing));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sagemaker: SageMakerServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    jobs,
    images: new Map(),
    fault: () => undefined,
    fate: () => undefined,
    stop: async () => {
      for (const job of jobs.values()) await job.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const operations: Readonly<Record<string, (input: any) => object>> = {
    CreateTrainingJob: create,
    DescribeTrainingJob: ({ TrainingJobName }) => describeJob(jobNamed(TrainingJobName)),
    StopTrainingJob: ({ TrainingJobName }) => stop(jobNamed(TrainingJobName)),
    ListTrainingJobs: ({ NameContains = '' }) => ({
      TrainingJobSummaries: [...jobs.values()]
        .map(describeJob)
        .filter((job: any) => job.TrainingJobName.includes(NameContains)),
    }),
    ListTags: ({ ResourceArn }) => ({ Tags: jobNamed(String(ResourceArn).split('/').at(-1)!).request.Tags ?? [] }),
  };
  return sagemaker;

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const operation = String(incoming.headers['x-amz-target']).replace(/^SageMaker\./, '');
    calls.push(operation);
    const fault = sagemaker.fault(operation);
    try {
      if (typeof fault === 'object') throw new ServiceError(fault.error, fault.error, fault.status);
      const answer = answerTo(operation, incoming, Buffer.concat(chunks).toString());
      if (fault === 'LOST_ANSWER') outgoing.destroy();
      else send(outgoing, 200, answer);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      send(outgoing, error.status, { __type: error.type, message: error.message });
    }
  }

  function answerTo(operation: string, { headers }: IncomingMessage, body: string): object {
    if (!headers.authorization?.includes('/sagemaker/aws4_request'))
      throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token');
    const operate = operations[operation];
    if (!operate) throw new ServiceError('UnknownOperationException', operation);
    return operate(JSON.parse(body));
  }

  function create(input: unknown): object {
    const parsed = createTrainingJobSchema.safeParse(input);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new ServiceError(
        'ValidationException',
        `1 validation error detected: ${issue!.path.join('.')}: ${issue!.message}`,
      );
    }
    const { TrainingJobName: name } = parsed.data;
    if (jobs.has(name))
      throw new ServiceError(
        'ResourceInUse',
        `Training job names must be unique within an AWS account and region, and a training job with this name already exists (${name})`,
      );
    const job = new TrainingJob(
      parsed.data,
      files,
      sagemaker.fate(parsed.data),
      sagemaker.images.get(parsed.data.AlgorithmSpecification.TrainingImage) ?? OUR_PROGRAM,
    );
    jobs.set(name, job);
    job.start();
    return { TrainingJobArn: job.arn };
  }

  function stop(job: TrainingJob): object {
    if (job.isOver)
      throw new ServiceError(
        'ValidationException',
        `The request was rejected because the training job is in status ${job.status}.`,
      );
    job.stop();
    return {};
  }

  function jobNamed(name: string): TrainingJob {
    const job = jobs.get(name);
    if (!job) throw new ServiceError('ValidationException', 'Requested resource not found.');
    return job;
  }
}

function send(outgoing: ServerResponse, status: number, body: object): void {
  outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() });
  outgoing.end(JSON.stringify(body));
}
