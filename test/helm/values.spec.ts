import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { settingsSchema } from '../../src/config/config.js';
import { EXAMPLES, hasChartTools, parse, podOf, render, settings } from './chart.js';

const BUCKET = { mode: 'roles', 'storage.url': 's3://bucket/prefix' };
const SAGEMAKER = {
  'training.backend': 'sagemaker',
  'training.sagemaker.roleArn': 'arn:aws:iam::123456789012:role/training',
  'training.sagemaker.image': 'boucle:sagemaker',
};
const VIOLATIONS: readonly [string, Record<string, unknown>, RegExp][] = [
  ['an unknown value', { databse: {} }, /databse/],
  ['an unknown value further down', { 'image.name': 'boucle' }, /'?image'?[^]*name/],
  ['an unknown role', { 'roles.gateway': {} }, /gateway/],
  ['a wrong mode', { mode: 'cluster' }, /mode[^]*single/],
  ['a digest that is none', { 'image.digest': 'latest' }, /digest/],
  ['a store that is none', { 'storage.url': '/var/lib' }, /storage[./]url/],
  ['a setting that the program does not know', { settings: { LOGLEVEL: 'debug' } }, /LOGLEVEL/],
  ['a setting that the chart itself makes', { settings: { DATABASE_URL: 'postgres://a' } }, /DATABASE_URL/],
  ['a setting that is no text', { settings: { GRAPHIQL: true } }, /GRAPHIQL/],
  ['too few connections', { 'database.poolSize': 1 }, /poolSize/],
  ['a role ARN that is none', { 'roles.api.roleArn': 'boucle' }, /roleArn/],
];
const CONTRADICTIONS: readonly [string, Record<string, unknown>, RegExp][] = [
  ['roles without a bucket', { mode: 'roles' }, /mode=roles needs storage\.url=s3:/],
  ['two pods on one volume', { 'roles.all.replicas': 2 }, /can have one pod while files lie on a volume/],
  [
    'autoscaling on one volume',
    { 'roles.all.autoscaling.enabled': true },
    /can have one pod while files lie on a volume/,
  ],
  ['no database', { 'secret.existingSecret': '' }, /There is no database: name a Secret/],
  ['a Secret without values', { 'secret.create': true }, /also needs secret\.values\.BOUCLE_SECRET/],
  [
    'a Secret without a database',
    { 'secret.create': true, 'secret.values': { BOUCLE_SECRET: 'x' } },
    /also needs secret\.values\.DATABASE_URL/,
  ],
  ['the bundled PostgreSQL for roles', { ...BUCKET, 'postgresql.enabled': true }, /bundled PostgreSQL is for trials/],
  [
    'SageMaker without a role',
    { ...BUCKET, 'training.backend': 'sagemaker' },
    /also needs training\.sagemaker\.roleArn/,
  ],
  [
    'SageMaker without an image',
    { ...BUCKET, ...SAGEMAKER, 'training.sagemaker.image': '' },
    /needs training\.sagemaker\.image/,
  ],
  ['SageMaker without a bucket', SAGEMAKER, /training\.backend=sagemaker also needs storage\.url=s3:/],
  [
    'subnets without groups',
    { ...BUCKET, ...SAGEMAKER, 'training.sagemaker.subnets': ['a'] },
    /needs .*securityGroups/,
  ],
  ['IRSA without roles', { ...BUCKET, 'aws.identity': 'irsa' }, /aws\.identity=irsa also needs roles\.api\.roleArn/],
  [
    'a role without IRSA',
    { 'roles.all.roleArn': 'arn:aws:iam::123456789012:role/a' },
    /no effect without aws\.identity=irsa/,
  ],
  [
    'fewest above most',
    { ...BUCKET, 'roles.predictor.autoscaling.enabled': true, 'roles.predictor.autoscaling.maxReplicas': 2 },
    /roles\.predictor\.autoscaling\.minReplicas is above/,
  ],
  ['an Ingress without a host', { 'ingress.enabled': true }, /also needs ingress\.host/],
  ['TLS without an Ingress', { 'ingress.tls.enabled': true }, /no effect without ingress\.enabled/],
  ['a route without a gateway', { 'httpRoute.enabled': true }, /also needs httpRoute\.parentRefs/],
  ['a test without a user', { 'test.enabled': true }, /also needs test\.existingSecret/],
];

(hasChartTools() ? describe : describe.skip)('values of the chart', () => {
  it.each(VIOLATIONS)('refuse %s by the schema', (_, values, text) => {
    expect(() => render(settings(values))).toThrow(text);
    expect(() => render(settings(values), 'helm3')).toThrow(text);
  });

  it.each(CONTRADICTIONS)('refuse %s with a way out', (_, values, text) => {
    expect(() => render(settings(values))).toThrow(text);
  });

  it('may name any setting that the chart does not make itself', () => {
    const schema = JSON.parse(readFileSync('helm/boucle/values.schema.json', 'utf8'));
    const open: string[] = schema.$defs.settings.propertyNames.enum;
    const everything = {
      ...BUCKET,
      ...SAGEMAKER,
      'training.sagemaker.securityGroups': ['a'],
      'ingress.enabled': true,
      'ingress.host': 'a.example',
    };
    const rest = {
      'training.sagemaker.subnets': ['a'],
      'training.sagemaker.kmsKeyId': 'a',
      'storage.s3': {
        endpoint: 'http://a',
        forcePathStyle: 'true',
        encryption: 'AES256',
        kmsKeyId: 'a',
        existingSecret: '',
      },
      'secret.keys.databaseDirectUrl': 'DIRECT',
    };
    const api = podOf(parse(render(settings({ ...everything, ...rest }))).find(({ kind }) => kind === 'Deployment')!);
    const made: string[] = api.containers[0].env.map(({ name }: { name: string }) => name);
    expect([...open, ...made].sort()).toEqual(Object.keys(settingsSchema.shape).sort());
  });

  it('are all in the table of the README', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/chart-values.mjs', '--check'], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('have an example for a trial, for AWS, for scale, for staging and for production', () => {
    expect(EXAMPLES.map((file) => /(\w+)\.yaml$/.exec(file)?.[1]).sort()).toEqual([
      'aws',
      'minimal',
      'production',
      'scale',
      'staging',
    ]);
  });
});
