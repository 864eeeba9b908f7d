import { z } from 'zod';

const name = z.string().regex(/^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/, 'must satisfy the pattern of job names');
const s3Uri = z
  .string()
  .regex(/^(https|s3):\/\/([^/]+)\/?(.*)$/, 'must be an S3 URI')
  .max(1024);
const short = z.string().max(256);

const channel = z.object({
  ChannelName: z.string().regex(/^[A-Za-z0-9.\-_]{1,64}$/),
  DataSource: z.object({
    S3DataSource: z.object({
      S3DataType: z.enum(['S3Prefix', 'ManifestFile', 'AugmentedManifestFile']),
      S3Uri: s3Uri,
      S3DataDistributionType: z.enum(['FullyReplicated', 'ShardedByS3Key']).optional(),
    }),
  }),
  ContentType: short.optional(),
  InputMode: z.enum(['File', 'FastFile', 'Pipe']).optional(),
});

/** What the API reference says of CreateTrainingJob, as far as Boucle uses it; anything else is refused. */
export const createTrainingJobSchema = z.strictObject({
  TrainingJobName: name,
  RoleArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/)
    .min(20)
    .max(2048),
  AlgorithmSpecification: z.strictObject({
    TrainingImage: z.string().max(255),
    TrainingInputMode: z.enum(['File', 'FastFile', 'Pipe']),
    ContainerEntrypoint: z.array(short).min(1).max(100).optional(),
    ContainerArguments: z.array(short).min(1).max(100).optional(),
    MetricDefinitions: z
      .array(z.strictObject({ Name: z.string().min(1).max(255), Regex: z.string().min(1).max(500) }))
      .max(40)
      .optional(),
    EnableSageMakerMetricsTimeSeries: z.boolean().optional(),
  }),
  HyperParameters: z
    .record(short, short)
    .refine((values) => Object.keys(values).length <= 100, 'at most 100')
    .optional(),
  InputDataConfig: z.array(channel).min(1).max(20).optional(),
  OutputDataConfig: z.strictObject({ S3OutputPath: s3Uri, KmsKeyId: z.string().max(2048).optional() }),
  ResourceConfig: z.strictObject({
    InstanceType: z.string().regex(/^ml\.[a-z0-9-]+\.[a-z0-9]+$/),
    InstanceCount: z.number().int().min(1),
    VolumeSizeInGB: z.number().int().min(1),
    VolumeKmsKeyId: z.string().max(2048).optional(),
    KeepAlivePeriodInSeconds: z.number().int().min(0).max(3600).optional(),
  }),
  StoppingCondition: z
    .strictObject({
      MaxRuntimeInSeconds: z.number().int().min(1).max(2_419_200),
      MaxWaitTimeInSeconds: z.number().int().min(1).optional(),
    })
    .refine(
      ({ MaxRuntimeInSeconds: runtime, MaxWaitTimeInSeconds: wait }) => wait === undefined || wait >= runtime,
      'MaxWaitTimeInSeconds must not be below MaxRuntimeInSeconds',
    ),
  EnableManagedSpotTraining: z.boolean().optional(),
  CheckpointConfig: z.strictObject({ S3Uri: s3Uri, LocalPath: z.string().max(4096).optional() }).optional(),
  VpcConfig: z
    .strictObject({
      Subnets: z.array(z.string().max(32)).min(1).max(16),
      SecurityGroupIds: z.array(z.string().max(32)).min(1).max(5),
    })
    .optional(),
  EnableNetworkIsolation: z.boolean().optional(),
  EnableInterContainerTrafficEncryption: z.boolean().optional(),
  Environment: z
    .record(
      z
        .string()
        .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/)
        .max(512),
      z.string().max(512),
    )
    .refine((values) => Object.keys(values).length <= 100, 'at most 100')
    .optional(),
  Tags: z
    .array(z.strictObject({ Key: z.string().min(1).max(128), Value: z.string().max(256) }))
    .max(50)
    .optional(),
});

export type CreateTrainingJob = z.infer<typeof createTrainingJobSchema>;
