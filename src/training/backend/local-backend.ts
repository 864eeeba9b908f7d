import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { writeArchive } from '../../models/artifact/archive.js';
import { MANIFEST_FILE, ONNX_FILE, REFERENCE_FILE } from '../../models/artifact/manifest.js';
import { HYPERPARAMETERS_FILE, type Layout, SPEC_FILE } from '../container/layout.js';
import { type AnyTrainingOrder, hyperparametersFile } from '../container/order.js';
import { createLayout, removeLayout } from './layout-folder.js';
import { LayoutProcess } from './layout-process.js';
import { JobOutcome, JobStatus, TrainingBackend, TrainingJob } from './training-backend.js';

/** Runs trainings as child processes of this worker. They end with it: a run whose worker dies begins again. */
@Injectable()
export class LocalBackend extends TrainingBackend {
  override readonly name = 'LOCAL';
  override readonly outlivesWorker = false;
  private readonly jobs = new Map<string, LayoutProcess>();

  constructor(@Inject(CONFIG) private readonly config: Config) {
    super();
  }

  override maximumCost(): number {
    return 0;
  }

  override async submit({ runId, order, fetchData }: TrainingJob, signal: AbortSignal): Promise<string> {
    const layout = await createLayout(runId, { files: (folder) => filesOf(folder, order), fetchData }, signal);
    this.jobs.set(layout.root, new LayoutProcess('train', layout, this.config));
    return layout.root;
  }

  override async follow(jobName: string, signal: AbortSignal): Promise<JobOutcome> {
    const job = this.jobOf(jobName);
    const end = await job.follow(signal);
    if (end.kind === 'STOPPED') return { kind: 'STOPPED' };
    if (end.kind === 'FAILED') return { kind: 'FAILED', reason: end.reason };
    const archive = join(job.layout.output, 'model.tar.gz');
    await writeArchive(job.layout.model, [ONNX_FILE, REFERENCE_FILE, MANIFEST_FILE], archive);
    return { kind: 'COMPLETED', archive };
  }

  override status(jobName: string): JobStatus {
    const { output } = this.jobOf(jobName);
    return { externalName: jobName, progress: output.progress, log: output.log };
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

  private jobOf(jobName: string): LayoutProcess {
    const job = this.jobs.get(jobName);
    if (!job) throw new Error(`no local training ${jobName} in this process`);
    return job;
  }
}

function filesOf(layout: Layout, order: AnyTrainingOrder): Record<string, unknown> {
  return {
    [join(layout.config, HYPERPARAMETERS_FILE)]: hyperparametersFile(order),
    [join(layout.spec, SPEC_FILE)]: order.spec,
  };
}
