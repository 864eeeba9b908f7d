import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import type { Config } from '../../config/config.js';
import { createObjectStore } from '../../platform/storage/create-object-store.js';
import type { ObjectStore } from '../../platform/storage/object-store.js';
import { createS3Client } from '../../platform/storage/s3/s3-client.js';
import { parseS3Url } from '../../platform/storage/s3/s3-location.js';
import { clockFinding } from './clock.js';
import { examine, type Finding } from './finding.js';

const POLICY = 'docs/aws/service-policy.json has the permissions that a bucket needs. STORAGE_URL names the store.';

/** The object store, and the clock of the bucket's service. */
export async function storageChecks(config: Config): Promise<Finding[]> {
  const store = createObjectStore(config);
  const findings = [
    await examine(
      'object store',
      () => probe(store),
      () => POLICY,
    ),
  ];
  if (!config.STORAGE_URL.startsWith('s3:')) return findings;
  return [
    ...findings,
    await examine(
      'clock of the bucket',
      () => clock(config),
      () => POLICY,
    ),
  ];
}

/** Writes, lists, reads and deletes an object of its own. */
async function probe(store: ObjectStore): Promise<string> {
  await store.check();
  const key = `doctor/${randomUUID()}`;
  const folder = await mkdtemp(join(tmpdir(), 'boucle-doctor-'));
  try {
    const path = join(folder, 'probe');
    await writeFile(path, key);
    await store.putFile(key, path);
    for await (const { key: found } of store.list(key)) if (found !== key) throw new Error(`it lists ${found}`);
    if ((await text(await store.read(key))) !== key) throw new Error('it returns other bytes than were written');
  } finally {
    await rm(folder, { recursive: true, force: true });
    await store.delete(key);
  }
  if (await store.stat(key)) throw new Error('it keeps objects that were deleted');
  return `${store.url('')}: written, listed, read and deleted`;
}

async function clock(config: Config): Promise<Omit<Finding, 'check'>> {
  const client = createS3Client(config);
  let date: string | undefined;
  // Next to the wire, where the answer still has its headers, whatever it says.
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = (result.response as { headers: Record<string, string> }).headers['date'];
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'dateOfAnswer' },
  );
  const asked = Date.now();
  try {
    await client.send(new HeadBucketCommand({ Bucket: parseS3Url(config.STORAGE_URL).bucket }));
  } catch (error) {
    if (date === undefined) throw error; // What else is wrong with the bucket, the other check says.
  } finally {
    client.destroy();
  }
  return date === undefined ? { says: 'it does not tell' } : clockFinding(new Date(date), asked, Date.now());
}
