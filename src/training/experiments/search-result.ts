import { createReadStream } from 'node:fs';
import { AppError } from '../../errors/app-error.js';
import { ArchiveError, readArchive } from '../../models/artifact/archive.js';
import { SEARCH_LOG_FILE } from '../container/layout.js';
import { parseTrial, type TrialLine } from '../container/trial-line.js';

/** Far above what the largest search tells. */
const MAX_BYTES = 64 * 2 ** 20;

/**
 * All that a search told of its trials, from the archive that it left.
 * @throws AppError INVALID_STATE if that is damaged.
 */
export async function readTrials(archive: string): Promise<TrialLine[]> {
  try {
    const { files } = await readArchive(createReadStream(archive), [SEARCH_LOG_FILE], MAX_BYTES);
    const log = files.get(SEARCH_LOG_FILE);
    if (!log) throw new ArchiveError(`it holds no ${SEARCH_LOG_FILE}`);
    const lines = Buffer.from(log.bytes).toString('utf8').split('\n');
    return lines.flatMap((line) => parseTrial(line) ?? []);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    const message = `What the search left can't be used: ${error.message}. Start the experiment again.`;
    throw new AppError('INVALID_STATE', message, undefined, { cause: error });
  }
}
