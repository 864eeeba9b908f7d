import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedPostgres } from '../../src/platform/database/embedded/embedded-postgres.js';
import { run as runTool, settings } from '../helm/chart.ts';
import { clientOf } from '../support/boucle-process.ts';
import { installRelease, type Release } from '../support/cluster/release.ts';
import { makeImage } from '../support/image.ts';
import { type S3Server, startS3Server } from '../support/s3/s3-server.ts';
import type { CsvSource } from './csv-source.ts';
import { secondsSince } from './own-boucle.ts';
import { Administrator, newCredentials } from './session.ts';
import type { Terminal } from './terminal.ts';

const REPLICAS = { api: 1, predictor: 2, worker: 2, scheduler: 2 };
const LAST_WORDS = 1_500;

/** Like withOwnBoucle(), on what the chart describes: every role in processes of its own, from the image's files. */
export async function withOwnRelease(
  source: CsvSource,
  terminal: Terminal,
  run: (administrator: Administrator, release: Release) => Promise<void>,
): Promise<void> {
  if (runTool('helm', ['version']).status !== 0)
    throw new Error('--roles renders the chart. Install Helm, 3.17 or newer, or run .ci/chart-tools.');
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'boucle-release-'));
  await chmod(folder, 0o755); // Pods have another user.
  terminal.title('Performing the steps of the Dockerfile, and starting PostgreSQL and a bucket');
  const image = await makeImage(folder);
  const [postgres, s3] = [await startPostgres(join(folder, 'postgres')), await startS3Server()];
  terminal.line(`  ${(image.bytes / 1e6).toFixed(0)} MB above the base image after ${secondsSince(started)} s`);
  try {
    terminal.title('Installing the chart: its migration, then the pods of each role, then its Ingress');
    const secrets = secretsFor(postgres.url, s3);
    const release = await installRelease(valuesFor(source, s3), { image, folder, secrets });
    try {
      for (const { name, endpoints } of release.deployments) terminal.line(`  ${name}: ${endpoints.join(', ')}`);
      terminal.line(`  ${release.url} leads to them after ${secondsSince(started)} s`);
      await run(await administratorOf(release), release);
    } catch (error) {
      for (const boucle of release.processes()) terminal.line(`\n${boucle.output().slice(-LAST_WORDS)}`);
      throw error;
    } finally {
      await release.stop();
    }
  } finally {
    source.close();
    await s3.stop();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The one that a Boucle without DATABASE_URL brings; of the built program, since this one runs from its sources. */
async function startPostgres(home: string): Promise<EmbeddedPostgres> {
  const built = '../../dist/platform/database/embedded/embedded-postgres.js';
  const { startEmbeddedPostgres } = (await import(
    built
  )) as typeof import('../../src/platform/database/embedded/embedded-postgres.js');
  return startEmbeddedPostgres(home);
}

async function administratorOf(release: Release): Promise<Administrator> {
  const credentials = newCredentials();
  await release.createAdministrator(credentials.email, credentials.password);
  return Administrator.logIn(clientOf(release.url), credentials);
}

/** Seven processes share a PostgreSQL of 100 connections, so each has a smaller pool than by default. */
function valuesFor(source: CsvSource, { env }: S3Server): string[] {
  const replicas = Object.entries(REPLICAS).map(([role, count]) => [`roles.${role}.replicas`, count] as const);
  return settings({
    mode: 'roles',
    ...Object.fromEntries(replicas),
    'database.poolSize': 5,
    'storage.url': env['STORAGE_URL'],
    'storage.s3': { endpoint: env['AWS_ENDPOINT_URL_S3'], existingSecret: 'bucket' },
    'ingress.enabled': true,
    'ingress.host': 'boucle.example.org',
    settings: { SOURCE_ALLOW_LIST: source.host, GRAPHIQL: 'true', INTROSPECTION: 'true' },
  });
}

function secretsFor(databaseUrl: string, { env }: S3Server): Record<string, Record<string, string>> {
  return {
    boucle: { DATABASE_URL: databaseUrl, BOUCLE_SECRET: randomBytes(48).toString('base64url') },
    bucket: {
      AWS_ACCESS_KEY_ID: env['AWS_ACCESS_KEY_ID']!,
      AWS_SECRET_ACCESS_KEY: env['AWS_SECRET_ACCESS_KEY']!,
    },
  };
}
