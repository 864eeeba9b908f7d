import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { writeArchive } from '../../models/artifact/archive.js';
import { MANIFEST_FILE, ONNX_FILE, REFERENCE_FILE } from '../../models/artifact/manifest.js';
import { type JobOrder, settingsFile, specFiles } from '../container/job-files.js';
import { HYPERPARAMETERS_FILE, type Layout, SEARCH_LOG_FILE } from '../container/layout.js';
import { isSearch } from '../container/search-order.js';
import { createLayout, removeLayout } from './layout-folder.js';
import { LayoutProcess } from './layout-process.js';
import { JobOutcome, JobStatus, TrainingBackend, TrainingJob } from './training-backend.js';

/** What a command leaves in the model folder. */
const MADE = { train: [ONNX_FILE, REFERENCE_FILE, MANIFEST_FILE], search: [SEARCH_LOG_FILE] } as const;

/**
 * Runs trainings and searches as child processes of this worker. They end with it: a run whose worker dies begins again,
 * a search goes on behind what was recorded.
 */
@Injectable()
export class LocalBackend extends TrainingBackend {
  override readonly name = 'LOCAL';
  override readonly outlivesWorker = false;
  private readonly jobs = new Map<string, LayoutProcess<keyof typeof MADE>>();

  constructor(@Inject(CONFIG) private readonly config: Config) {
    super();
  }

  override maximumCost(): number {
    return 0;
  }

  override affordableSeconds(): number {
    return Infinity;
  }

  override async submit({ id, order, fetchData }: TrainingJob, signal: AbortSignal): Promise<string> {
    const layout = await createLayout(id, { files: (folder) => filesOf(folder, order), fetchData }, signal);
    const command = isSearch(order) ? 'search' : 'train';
    this.jobs.set(layout.root, new LayoutProcess(command, layout, this.config));
    return layout.root;
  }

  override async follow(jobName: string, signal: AbortSignal): Promise<JobOutcome> {
    const job = this.jobOf(jobName);
    const end = await job.follow(signal);
    if (end.kind !== 'COMPLETED') return end;
    const archive = join(job.layout.output, 'model.tar.gz');
    await writeArchive(job.layout.model, MADE[job.command], archive);
    return { kind: 'COMPLETED', archive };
  }

  override status(jobName: string): JobStatus {
    const { output } = this.jobOf(jobName);
    return { externalName: jobName, progress: output.progress, log: output.log, trials: output.trials };
  }

  override cancel(jobName: string): Promise<void> {
    this.jobOf(jobName).stop('CANCELLED');
    return Promise.resolve();
  }

  override async release(jobName: string): Promise<void> {
    const job = this.jobOf(jobName);
    await job.kill();
    this.jobs.delete(jobName);
    await removeLayout(job.layout);
  }

  private jobOf(jobName: string): LayoutProcess<keyof typeof MADE> {
    const job = this.jobs.get(jobName);
    if (!job) throw new Error(`no local training ${jobName} in this process`);
    return job;
  }
}

function filesOf(layout: Layout, order: JobOrder): Record<string, unknown> {
  const spec = Object.entries(specFiles(order)).map(([name, content]) => [join(layout.spec, name), content] as const);
  return { ...Object.fromEntries(spec), [join(layout.config, HYPERPARAMETERS_FILE)]: settingsFile(order) };
}
