import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { runBoucle, TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type S3Server, startS3Server } from '../support/s3/s3-server.js';
import { type SageMakerServer, startSageMaker } from '../support/sagemaker/sagemaker-server.js';
import { startTransactionPooler } from '../support/transaction-pooler.js';

interface Finding {
  readonly check: string;
  readonly says: string;
  readonly fix?: string;
}

const CALLS = ['sagemaker:DescribeTrainingJob', 'sagemaker:StopTrainingJob', 'sagemaker:ListTags'];

describe('the command doctor', () => {
  let database: TestDatabase;
  let s3: S3Server;
  let sagemaker: SageMakerServer;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    database = await createTestDatabase();
    s3 = await startS3Server();
    sagemaker = await startSageMaker(s3.url);
    env = {
      ...s3.env,
      DATABASE_URL: database.url,
      DATABASE_DIRECT_URL: database.url,
      BOUCLE_SECRET: TEST_SECRET,
      TRAINING_BACKEND: 'sagemaker',
      SAGEMAKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/boucle-training',
      SAGEMAKER_IMAGE: '123456789012.dkr.ecr.eu-west-1.amazonaws.com/boucle:1',
      AWS_ENDPOINT_URL_SAGEMAKER: sagemaker.url,
    };
  });

  afterEach(() => {
    s3.fault = () => undefined;
    sagemaker.fault = () => undefined;
  });

  afterAll(async () => {
    await sagemaker.stop();
    await s3.stop();
    await database.drop();
  });

  function examineWith(changes: Readonly<Record<string, string>> = {}) {
    return examine({ ...env, ...changes });
  }

  async function examine(settings: Readonly<Record<string, string>>) {
    const { code, output } = await runBoucle(['doctor', '--json'], settings);
    const { ok, findings } = JSON.parse(output) as { ok: boolean; findings: Finding[] };
    expect(code).toBe(ok ? 0 : 1);
    return { output, findings, wrong: findings.filter(({ fix }) => fix !== undefined) };
  }

  it('finds everything in order, and leaves nothing behind', async () => {
    const { code, output } = await runBoucle(['doctor'], env);
    const checks = [...output.matchAll(/^(.) ([^:]+(?::[A-Z]\w+)?):/gm)].map(([, mark, check]) => [mark, check]);
    const expected = ['settings', 'database', 'schema', 'queue', 'clock of the database', 'direct database'];
    expect(checks).toEqual(
      [...expected, 'object store', 'clock of the bucket', ...CALLS, expect.stringMatching(/^disk of /)].map(
        (check) => ['✓', check],
      ),
    );
    expect(output).toContain('Everything is in order.');
    expect(code).toBe(0);
    expect(s3.requests.filter((request) => /^(PUT|DELETE)/.test(request))).toEqual([
      expect.stringMatching(/^PUT boucle\/doctor\//),
      expect.stringMatching(/^DELETE boucle\/doctor\//),
    ]);
    expect([...s3.bucket.objects.keys()]).toEqual([]);
    expect(sagemaker.jobs.size).toBe(0);
  });

  it('tells a pooler that notices are lost in, unless there is a way around it', async () => {
    const pooler = await startTransactionPooler(database.url);
    const { DATABASE_DIRECT_URL: direct, ...others } = env;
    const pooled = { ...others, DATABASE_URL: pooler.url };
    const fix = expect.stringContaining('Set DATABASE_DIRECT_URL to PostgreSQL itself');
    const lost = (name: string) => ({ says: expect.stringContaining(`LISTEN does not work through ${name},`), fix });
    try {
      const found = await Promise.all([
        examine(pooled),
        examine({ ...pooled, DATABASE_DIRECT_URL: pooler.url }),
        examine({ ...pooled, DATABASE_DIRECT_URL: direct! }),
      ]);
      expect(found.map(({ wrong }) => wrong)).toEqual([
        [{ check: 'notices of the database', ...lost('DATABASE_URL') }],
        [{ check: 'direct database', ...lost('DATABASE_DIRECT_URL') }],
        [],
      ]);
    } finally {
      await pooler.stop();
    }
  });

  it('names calls that are denied, clocks that are off, and jobs that nobody takes', async () => {
    s3.fault = ({ method }) => (method === 'PUT' ? { kind: 'ERROR', status: 403, code: 'AccessDenied' } : undefined);
    sagemaker.fault = (operation) => (operation === 'StopTrainingJob' ? { error: 'AccessDeniedException' } : undefined);
    await database.query(`SELECT pgboss.create_queue('nobody', '{"policy": "standard"}')`);
    await database.query(`INSERT INTO pgboss.job (name, start_after) VALUES ('nobody', now() - interval '1 hour')`);
    const shifted = pathToFileURL('test/support/shifted-clock.mjs').href;
    const { wrong } = await examineWith({ NODE_OPTIONS: `--import ${shifted}`, CLOCK_SHIFT_MS: '60000' });
    const late = {
      says: expect.stringMatching(/^this machine is (59|60|61)\.\d s ahead of it$/),
      fix: expect.any(String),
    };
    expect(wrong).toEqual([
      { check: 'queue', says: '1 jobs wait for more than 10 minutes', fix: expect.stringContaining('role worker') },
      { check: 'clock of the database', ...late },
      {
        check: 'object store',
        says: expect.stringContaining('access is denied'),
        fix: expect.stringContaining('docs/aws'),
      },
      { check: 'clock of the bucket', ...late },
      {
        check: 'sagemaker:StopTrainingJob',
        says: expect.any(String),
        fix: 'Allow sagemaker:StopTrainingJob to the role of this process: docs/aws/service-policy.json.',
      },
    ]);
  });

  it('tells a database without a schema, and a bucket that is not there', async () => {
    const bare = new URL(database.url);
    bare.pathname = '/postgres';
    const urls = { DATABASE_URL: bare.href, DATABASE_DIRECT_URL: bare.href, STORAGE_URL: 's3://elsewhere/boucle' };
    const { wrong } = await examineWith(urls);
    const migrate = expect.stringContaining('main.js migrate');
    expect(wrong).toEqual([
      { check: 'schema', says: expect.stringMatching(/^\d+ migrations are missing$/), fix: migrate },
      { check: 'queue', says: 'its tables are missing', fix: migrate },
      { check: 'object store', says: expect.stringContaining('the bucket does not exist'), fix: expect.any(String) },
    ]);
  });

  it('tells where nothing answers, and never a secret', async () => {
    const password = randomUUID();
    const DATABASE_URL = `postgres://boucle:${password}@127.0.0.1:1/boucle`;
    const { wrong, output } = await examineWith({ DATABASE_URL });
    const fix = expect.stringContaining('Start PostgreSQL');
    expect(wrong).toEqual([{ check: 'database', says: expect.stringContaining('ECONNREFUSED'), fix }]);
    for (const secret of [password, TEST_SECRET, s3.env['AWS_SECRET_ACCESS_KEY']!])
      expect(output).not.toContain(secret);
  });

  it('tells settings that are wrong', async () => {
    const { findings } = await examineWith({ PORT: 'many' });
    expect(findings).toEqual([
      { check: 'settings', says: expect.stringContaining('PORT'), fix: expect.stringContaining('README.md') },
    ]);
  });
});
