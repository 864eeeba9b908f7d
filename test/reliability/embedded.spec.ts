import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runBoucle, startBoucle } from '../support/boucle-process.js';

describe('embedded database', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'boucle-embedded-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('keeps its data over a stop, and over a kill -9 that leaves PostgreSQL behind', async () => {
    const first = await startBoucle({ home: folder });
    const { register } = await first.ask(
      `mutation { register(input: {email: "ada@example.org", password: "a long enough phrase"}) { accessToken } }`,
    );
    await first.kill();

    const second = await startBoucle({ home: folder });
    const { me } = await second.ask('{ me { email role } }', {}, register.accessToken);
    expect(me).toEqual({ email: 'ada@example.org', role: 'ADMIN' });
    expect(await second.stop()).toBe(0);

    const third = await startBoucle({ home: folder });
    expect((await third.ask('{ me { email } }', {}, register.accessToken)).me.email).toBe('ada@example.org');
    expect(await third.stop()).toBe(0);
  });

  it('refuses a second process on the same folder and says what to do', async () => {
    const first = await startBoucle({ home: folder });
    const second = await runBoucle(['all'], { BOUCLE_HOME: folder, PORT: '0' });
    expect(second.code).toBe(1);
    expect(second.output).toContain(`Another Boucle process (pid ${first.child.pid}) works on ${folder}`);
    expect(second.output).toContain('DATABASE_URL');
    expect((await first.fetch('/health/ready')).status).toBe(200);
    await first.stop();
  });

  it('works below a folder that only its owner may enter, such as the home of root', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const home = join(closed, 'home');
    const boucle = await startBoucle({ home });
    expect((await boucle.fetch('/health/ready')).status).toBe(200);
    expect(await boucle.stop()).toBe(0);
    const { dataDirectory } = JSON.parse(await readFile(join(home, 'embedded.json'), 'utf8'));
    await rm(dataDirectory, { recursive: true });
  });

  it('says that a port is taken, and gives the folder free again', async () => {
    const first = await startBoucle({ home: join(folder, 'a') });
    const { port } = new URL(first.url);
    const second = await runBoucle(['all'], { BOUCLE_HOME: join(folder, 'b'), PORT: port, HOST: '127.0.0.1' });
    expect(second.code).toBe(1);
    expect(second.output).toContain(`Port ${port} is taken by another process. Set PORT to another one.`);
    await first.stop();
    const third = await startBoucle({ home: join(folder, 'b') });
    expect(await third.stop()).toBe(0);
  });
});

describe('settings', () => {
  it('lists every wrong setting by name, without its value', async () => {
    const { code, output } = await runBoucle(['all'], {
      PORT: 'canary-1',
      LOG_LEVEL: 'canary-2',
      DATABASE_URL: 'mysql://canary-3',
    });
    expect(code).toBe(1);
    for (const name of ['PORT', 'LOG_LEVEL', 'DATABASE_URL']) expect(output).toContain(name);
    expect(output).not.toContain('canary');
  });

  it('asks for a secret with a server database', async () => {
    const { code, output } = await runBoucle(['all'], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x' });
    expect(code).toBe(1);
    expect(output).toContain('BOUCLE_SECRET is needed');
  });

  it('explains every command with --help', async () => {
    const { code, output } = await runBoucle(['--help'], {});
    expect(code).toBe(0);
    for (const command of ['all', 'api', 'predictor', 'worker', 'scheduler', 'train', 'migrate', 'create-admin']) {
      expect(output).toContain(command);
    }
  });
});
