import { setTimeout as delay } from 'node:timers/promises';
import type { Manifest } from '../../helm/chart.ts';
import { type Host, type Pod, startPod } from './pod.ts';

/** How long a proxy goes on sending requests to a pod whose deletion has begun: it is told, but not at once. */
const PROPAGATION_MS = 1_000;

/** The pods of a Deployment. */
export class Deployment {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  private readonly manifest: Manifest;
  private readonly host: Host;
  private readonly pods: Pod[] = [];
  private readonly serving = new Set<Pod>();

  constructor(manifest: Manifest, host: Host) {
    this.name = manifest.metadata.name;
    this.labels = manifest['spec'].template.metadata.labels;
    this.manifest = manifest;
    this.host = host;
  }

  get running(): readonly Pod[] {
    return this.pods;
  }

  /** Where a Service sends requests to. */
  get endpoints(): readonly string[] {
    return [...this.serving].map(({ boucle }) => boucle.url);
  }

  async start(): Promise<void> {
    const { replicas } = this.manifest['spec'];
    await Promise.all(Array.from({ length: replicas }, () => this.add()));
  }

  /** Replaces one pod after the other, as `kubectl rollout restart` does. @returns the exit codes of the old ones. */
  async restart(): Promise<(number | null)[]> {
    const { maxSurge, maxUnavailable } = this.manifest['spec'].strategy.rollingUpdate;
    if (maxSurge !== 1 || maxUnavailable !== 0) throw new Error('Only maxSurge 1 with maxUnavailable 0 is known here');
    const codes: (number | null)[] = [];
    for (const leaving of [...this.pods]) {
      await this.add();
      codes.push(await this.remove(leaving));
    }
    return codes;
  }

  async stop(): Promise<void> {
    await Promise.all(this.pods.map(({ boucle }) => boucle.stop()));
  }

  private async add(): Promise<void> {
    const pod = await startPod(this.manifest['spec'].template.spec, this.host);
    this.pods.push(pod);
    this.serving.add(pod);
  }

  private async remove(pod: Pod): Promise<number | null> {
    this.pods.splice(this.pods.indexOf(pod), 1);
    const [code] = await Promise.all([pod.delete(), delay(PROPAGATION_MS).then(() => this.serving.delete(pod))]);
    return code;
  }
}
