import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ObjectStore } from '../../../platform/storage/object-store.js';
import { type JobOrder, specFiles } from '../../container/job-files.js';
import { SEARCH_LOG_FILE } from '../../container/layout.js';
import { OutputTail } from '../output-tail.js';
import { checkpointsOf } from './job-request.js';

/** What the jobs of runs and experiments read and write in the bucket, until these have ended. */
export class JobObjects {
  constructor(private readonly store: ObjectStore) {}

  /** Writes what is to be learned from what, or searched for; what is there already stays. @returns the key that all lies below. */
  async putSpec(id: string, order: JobOrder, signal: AbortSignal): Promise<string> {
    const prefix = `${folderOf(id)}spec/`;
    const folder = await mkdtemp(join(tmpdir(), 'boucle-spec-'));
    try {
      for (const [name, content] of Object.entries(specFiles(order))) {
        await writeFile(join(folder, name), JSON.stringify(content));
        await this.store.putFile(prefix + name, join(folder, name), signal);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return prefix;
  }

  /** Below it, what the jobs make, and their checkpoints. */
  outputKey(id: string): string {
    return `${folderOf(id)}output`;
  }

  /** What a search has told so far: the platform copies its log here as it grows. */
  async searchOutput(id: string, signal: AbortSignal): Promise<OutputTail> {
    const output = new OutputTail();
    const key = `${checkpointsOf(this.outputKey(id))}/${SEARCH_LOG_FILE}`;
    if (!(await this.store.stat(key))) return output;
    for (const line of (await text(await this.store.read(key, signal))).split('\n')) if (line !== '') output.add(line);
    return output;
  }

  async discard(id: string): Promise<void> {
    for await (const { key } of this.store.list(folderOf(id))) await this.store.delete(key);
  }
}

function folderOf(id: string): string {
  return `training/${id}/`;
}
