import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { settingsSchema } from '../../src/config/config.js';

const ROLES = ['api', 'predictor', 'worker', 'scheduler'];
const text = readFileSync('docker-compose.yml', 'utf8');
const compose: Record<string, any> = parse(text, { merge: true });
const services: Record<string, any> = compose['services'];
const names = Object.keys(services);
const config = (name: string): any => parse(compose['configs'][name].content);

/** Of `source:target:options`. */
const sourcesOf = ({ volumes = [] }: any): string[] => volumes.map((volume: string) => volume.split(':')[0]!);

describe('docker-compose.yml', () => {
  it('runs every role as the image does, on a schema that is up to date and a bucket that is there', () => {
    for (const role of [...ROLES, 'migration']) {
      const { command, build, read_only: readOnly, cap_drop: dropped } = services[role];
      expect(command).toEqual([role === 'migration' ? 'migrate' : role]);
      expect({ build, readOnly, dropped }).toEqual({
        build: { context: '.', target: 'boucle' },
        readOnly: true,
        dropped: ['ALL'],
      });
    }
    for (const role of ROLES) {
      expect(services[role].depends_on).toEqual({
        migration: { condition: 'service_completed_successfully' },
        bucket: { condition: 'service_completed_successfully' },
      });
    }
    expect(readFileSync('Dockerfile', 'utf8')).toMatch(/^FROM \S+ AS boucle$/m);
  });

  it('sets only what the program knows, and waits longer than a drain for its end', () => {
    const known = Object.keys(settingsSchema.shape);
    const unknown = Object.keys(services['api'].environment).filter((name) => !known.includes(name));
    // The usual chain of credentials reads these two.
    expect(unknown).toEqual(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']);
    const drain = Number(services['worker'].environment.SHUTDOWN_TIMEOUT_SECONDS);
    expect(parseInt(services['worker'].stop_grace_period)).toBeGreaterThan(drain + 20);
  });

  it.each(names)('%s has an image of one version, and refers only to what is there', (name) => {
    const service = services[name];
    expect(service.image).toMatch(/:v?\d+(\.\d+)+/);
    const needed = Array.isArray(service.depends_on) ? service.depends_on : Object.keys(service.depends_on ?? {});
    expect(names).toEqual(expect.arrayContaining(needed));
    const configs = (service.configs ?? []).map(({ source }: { source: string }) => source);
    expect(Object.keys(compose['configs'])).toEqual(expect.arrayContaining(configs));
    for (const source of sourcesOf(service)) {
      expect([source, source.startsWith('.') ? existsSync(source) : source in compose['volumes']]).toEqual([
        source,
        true,
      ]);
    }
  });

  it('holds no secret, opens its ports on this machine only, and lets the database and the store have none', () => {
    const secrets = [...text.matchAll(/^ +\w*(?:PASSWORD|SECRET|SECRET_ACCESS_KEY): (.*)$/gm)].map(
      ([, value]) => value,
    );
    expect(secrets.length).toBeGreaterThan(3);
    for (const value of secrets) expect(value).toMatch(/^\$\{\w+:\?/);
    const ports = names.flatMap((name) => services[name].ports ?? []);
    expect(ports.filter((port: string) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    expect([services['postgresql'].ports, services['s3'].ports]).toEqual([undefined, undefined]);
  });

  it('has Prometheus read all replicas of all roles and the rules of the chart, and Grafana show its dashboards', () => {
    const { scrape_configs: jobs, rule_files: rules } = config('prometheus');
    expect(jobs[0].dns_sd_configs[0]).toMatchObject({ names: ROLES, port: settingsSchema.shape.PORT.parse(undefined) });
    expect(services['prometheus'].volumes).toContain(`./helm/boucle/files/alerts.yaml:/etc/prometheus/${rules[0]}:ro`);
    const { providers } = config('grafana-dashboards');
    expect(services['grafana'].volumes).toContain(`./helm/boucle/dashboards:${providers[0].options.path}:ro`);
    expect(readdirSync('helm/boucle/dashboards').filter((file) => file.endsWith('.json')).length).toBeGreaterThan(1);
    expect(config('grafana-datasource').datasources[0].url).toBe('http://prometheus:9090');
  });
});
