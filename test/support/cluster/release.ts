import { type Manifest, ofKind, parse, podOf, render } from '../../helm/chart.ts';
import type { Boucle } from '../boucle-process.ts';
import { Deployment } from './deployment.ts';
import { startFront } from './front.ts';
import { type Host, runToEnd } from './pod.ts';

/** The chart, installed on this machine. */
export interface Release {
  /** Of what stands for the Ingress. */
  readonly url: string;
  readonly deployments: readonly Deployment[];
  processes(): Boucle[];
  deploymentOf(role: string): Deployment;
  /** As `kubectl exec … create-admin` would. */
  createAdministrator(email: string, password: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Renders the chart and starts what it describes as a cluster would: the migration's Job, then the pods of each Deployment,
 * with the arguments, variables and user that stand in the manifests, and the Ingress in front.
 * @param values options of Helm, which turn the Ingress on.
 */
export async function installRelease(values: readonly string[], host: Host): Promise<Release> {
  const manifests = parse(render(values));
  await runToEnd(podOf(ofKind(manifests, 'Job')[0]!), host);
  const deployments = ofKind(manifests, 'Deployment').map((manifest) => new Deployment(manifest, host));
  const stopAll = async (): Promise<void> => {
    await Promise.all(deployments.map((deployment) => deployment.stop()));
  };
  try {
    await Promise.all(deployments.map((deployment) => deployment.start()));
  } catch (error) {
    await stopAll();
    throw error;
  }
  const [ingress] = ofKind(manifests, 'Ingress');
  const selected = new Map(ofKind(manifests, 'Service').map((service) => [nameOf(service), behind(service)]));
  const front = await startFront(ingress!['spec'].rules[0].http.paths, (service) => selected.get(service)!.endpoints);
  const deploymentOf = (role: string): Deployment =>
    deployments.find(({ labels }) => labels['app.kubernetes.io/component'] === role)!;
  return {
    url: front.url,
    deployments,
    deploymentOf,
    processes: () => deployments.flatMap(({ running }) => running.map(({ boucle }) => boucle)),
    createAdministrator: async (email, password) => {
      const api = ofKind(manifests, 'Deployment').find((one) => nameOf(one) === deploymentOf('api').name)!;
      await runToEnd(podOf(api), host, ['create-admin', '--email', email], `${password}\n`);
    },
    stop: async () => {
      await front.stop();
      await stopAll();
    },
  };

  function behind({ spec }: Manifest): Deployment {
    const selector = Object.entries(spec.selector as Record<string, string>);
    return deployments.find(({ labels }) => selector.every(([key, value]) => labels[key] === value))!;
  }
}

function nameOf({ metadata }: Manifest): string {
  return metadata.name;
}
