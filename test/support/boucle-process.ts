import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_TIMEOUT_MS = 30_000;
export const TEST_SECRET = 'a secret for tests, long enough, not used anywhere else';

/** Another place to run the program from, such as an image, and the user to run it as. */
export interface Program {
  /** What comes before the role. */
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

const BUILT: Program = { command: [process.execPath, 'dist/main.js'] };

export interface BoucleOptions {
  readonly program?: Program;
  readonly role?: string;
  /** Address of a database from createTestDatabase(). Without it, the process runs its embedded default. */
  readonly databaseUrl?: string;
  /** Share the folder (object store) of another process. */
  readonly home?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Half a minute by default. */
  readonly startTimeoutMs?: number;
}

export interface GraphqlAnswer {
  readonly status: number;
  // The shape of an answer depends on the query; tests assert on it.
  readonly data: any;
  readonly errors?: readonly { message: string; path?: (string | number)[]; extensions: Record<string, any> }[];
}

/** What answers at an address. */
export interface BoucleClient {
  readonly url: string;
  graphql(query: string, variables?: object, token?: string): Promise<GraphqlAnswer>;
  /** Like graphql(), but fails the test on any error and returns the data only. */
  ask(query: string, variables?: object, token?: string): Promise<any>;
  fetch(path: string, init?: RequestInit & { token?: string }): Promise<Response>;
}

/** A started Boucle, as a user would start it: the built program in a process of its own. */
export interface Boucle extends BoucleClient {
  readonly home: string;
  readonly child: ChildProcess;
  /** Everything it has written to stdout and stderr so far. */
  output(): string;
  /** SIGTERM, and waits for the end. Returns the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, and waits for the end; keeps the home folder. */
  kill(): Promise<void>;
}

export async function startBoucle(options: BoucleOptions = {}): Promise<Boucle> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'boucle-home-')));
  const { command, ...place } = options.program ?? BUILT;
  const child = spawn(command[0]!, [...command.slice(1), options.role ?? 'all'], {
    ...place,
    env: {
      PATH: process.env['PATH'],
      BOUCLE_HOME: home,
      PORT: '0',
      HOST: '127.0.0.1',
      LOG_FORMAT: 'json',
      ...(options.databaseUrl && { DATABASE_URL: options.databaseUrl, BOUCLE_SECRET: TEST_SECRET }),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const url = await listening(child, output, options.startTimeoutMs ?? START_TIMEOUT_MS);
  return {
    ...clientOf(url),
    home,
    child,
    output,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
      if (options.home === undefined) await rm(home, { recursive: true, force: true });
      return child.exitCode;
    },
    kill: async () => {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** Runs a command of the program to its end. */
export async function runBoucle(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input = '',
  { command, ...place }: Program = BUILT,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(command[0]!, [...command.slice(1), ...args], {
    ...place,
    env: { PATH: process.env['PATH'], LOG_FORMAT: 'json', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = collect(child);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output() };
}

export function clientOf(url: string): BoucleClient {
  const request: BoucleClient['fetch'] = (path, { token, ...init } = {}) =>
    fetch(url + path, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), ...(token && { authorization: `Bearer ${token}` }) },
    });
  const graphql: BoucleClient['graphql'] = async (query, variables, token) => {
    const response = await request('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      ...(token && { token }),
    });
    return { status: response.status, ...((await response.json()) as Omit<GraphqlAnswer, 'status'>) };
  };
  return {
    url,
    fetch: request,
    graphql,
    ask: async (query, variables, token) => {
      const answer = await graphql(query, variables, token);
      if (answer.errors) throw new Error(JSON.stringify(answer.errors, null, 2));
      return answer.data;
    },
  };
}

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

async function listening(child: ChildProcess, output: () => string, timeoutMs: number): Promise<string> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const url = /listens on (http:[^"\s]+)/.exec(output())?.[1];
    if (url !== undefined) return url;
    if (child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  throw new Error(`Boucle did not start:\n${output()}`);
}
