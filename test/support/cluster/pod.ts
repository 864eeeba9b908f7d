import { execFile } from 'node:child_process';
import { chownSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Boucle, runBoucle, startBoucle } from '../boucle-process.ts';
import { type Image, programOf } from '../image.ts';

const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const run = promisify(execFile);

/** What pods run on: this machine, with what a cluster has for them. */
export interface Host {
  readonly image: Image;
  /** For temporary folders of pods. */
  readonly folder: string;
  /** Values by the name of a Secret and its key. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A started pod that is ready. */
export interface Pod {
  readonly boucle: Boucle;
  /** What a deletion does: preStop, SIGTERM, and SIGKILL at the end of the grace period. @returns the exit code. */
  delete(): Promise<number | null>;
}

/** Starts what a pod's template describes, and waits until it is ready. */
export async function startPod(template: any, host: Host): Promise<Pod> {
  const [container] = template.containers;
  const { startupProbe, readinessProbe } = container;
  const scratch = scratchFolder(template, host);
  const boucle = await startBoucle({
    program: programOf(host.image),
    role: container.args.join(' '),
    home: scratch,
    // A pod has an address of its own, where it listens on port 3000. Here it is one of many ports of one address.
    env: { ...environmentOf(container, host, scratch), HOST: '127.0.0.1', PORT: '0' },
    startTimeoutMs: startupProbe.periodSeconds * startupProbe.failureThreshold * 1000,
  });
  await ready(boucle, readinessProbe.httpGet.path);
  return {
    boucle,
    delete: async () => {
      const grace = setTimeout(() => boucle.child.kill('SIGKILL'), template.terminationGracePeriodSeconds * 1000);
      const [command, ...args] = container.lifecycle?.preStop.exec.command ?? [];
      if (command) await run(command, args);
      const code = await boucle.stop();
      clearTimeout(grace);
      await rm(scratch, { recursive: true, force: true });
      return code;
    },
  };
}

/** Runs a pod's only container to its end, with other arguments than its own where they are given. @throws Error with its output. */
export async function runToEnd(template: any, host: Host, args?: readonly string[], input = ''): Promise<void> {
  const [container] = template.containers;
  const scratch = scratchFolder(template, host);
  const env = environmentOf(container, host, scratch);
  const { code, output } = await runBoucle(args ?? container.args, env, input, programOf(host.image));
  await rm(scratch, { recursive: true, force: true });
  if (code !== 0) throw new Error(`${container.name} ended with ${code}: ${output}`);
}

/** The `emptyDir` at /tmp, which belongs to the pod's group. */
function scratchFolder(template: any, { folder, image }: Host): string {
  const scratch = mkdtempSync(join(folder, 'pod-'));
  const { runAsUser, fsGroup } = template.securityContext;
  if (`${runAsUser}:${fsGroup}` !== image.user) throw new Error(`The pod is not for the image's user ${image.user}`);
  if (process.getuid!() === 0) chownSync(scratch, runAsUser, fsGroup);
  return scratch;
}

/** The image's variables and the container's, with Secrets, and `scratch` where they say /tmp. */
function environmentOf(container: any, { image, secrets }: Host, scratch: string): Record<string, string> {
  const own: Record<string, string> = {};
  for (const { name, value, valueFrom } of container.env) {
    const { name: secret, key } = valueFrom?.secretKeyRef ?? {};
    const text = valueFrom ? secrets[secret]?.[key] : value;
    if (text === undefined) throw new Error(`${name} needs a Secret ${secret} with the key ${key}`);
    own[name] = valueFrom ? text : text.replaceAll(/\$\((\w+)\)/g, (_: string, other: string) => own[other]);
  }
  const all = Object.entries({ ...image.env, ...own, TMPDIR: '/tmp' });
  return Object.fromEntries(all.map(([name, value]) => [name, value.replace(/^\/tmp(?=\/|$)/, scratch)]));
}

async function ready(boucle: Boucle, path: string): Promise<void> {
  for (const deadline = Date.now() + READY_TIMEOUT_MS; Date.now() < deadline;) {
    if ((await boucle.fetch(path)).ok) return;
    await delay(POLL_MS);
  }
  await boucle.kill();
  throw new Error(`A pod did not become ready:\n${boucle.output()}`);
}
