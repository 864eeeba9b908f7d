import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

const KEYWORDS = new Set(['stages', 'variables', 'workflow', 'default', 'include']);
/** GitLab takes these for the defaults of all jobs, or for itself, whatever they hold. */
const NO_JOBS = ['image', 'services', 'cache', 'before_script', 'after_script', 'pages', 'true', 'false', 'nil'];
const text = readFileSync('.gitlab-ci.yml', 'utf8');
const pipeline: Record<string, any> = parse(text, { merge: true });
const stages: string[] = pipeline['stages'];

/** What `extends` makes of a job: maps are merged, everything else is replaced. */
function resolved(name: string): any {
  const { extends: parents = [], ...own } = pipeline[name];
  return [parents].flat().reduceRight((job: any, parent: string) => merge(resolved(parent), job), own);
}

function merge(base: any, over: any): any {
  const isMap = (value: any): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap(base) || !isMap(over)) return over ?? base;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(base[key], over[key])]));
}

const names = Object.keys(pipeline).filter((name) => !KEYWORDS.has(name) && !name.startsWith('.'));
const jobs = new Map<string, any>(names.map((name) => [name, resolved(name)]));
const scriptOf = ({ before_script: before = [], script }: any): string => [...before, ...script].join('\n');

describe('the pipeline', () => {
  it('goes through test, build, scan, push and deploy, and every stage has jobs', () => {
    expect(stages).toEqual(['test', 'build', 'scan', 'push', 'deploy']);
    expect(new Set([...jobs.values()].map(({ stage }) => stage))).toEqual(new Set(stages));
  });

  it('has no job by a name that means something else to GitLab', () => {
    expect(names.filter((name) => NO_JOBS.includes(name))).toEqual([]);
  });

  it.each(names)('%s has an image, a script, rules, and needs only jobs of earlier stages', (name) => {
    const job = jobs.get(name);
    expect(job.script.length).toBeGreaterThan(0);
    expect(job.rules.length).toBeGreaterThan(0);
    const image = (job.image.name ?? job.image) as string;
    expect(pipeline['variables'][image.slice(1)]).toMatch(/:v?\d+(\.\d+)+/);
    for (const need of job.needs ?? []) {
      const needed = jobs.get(need.job ?? need);
      expect(stages.indexOf(needed.stage)).toBeLessThan(stages.indexOf(job.stage));
    }
  });

  it.each(names)('%s has a shell script that parses, and calls only what is there and can be executed', (name) => {
    const script = scriptOf(jobs.get(name));
    execFileSync('bash', ['-n'], { input: script });
    for (const [, file] of script.matchAll(/(?:^|\s)(\.ci\/[\w-]+|scripts\/[\w.-]+)(?=\s|$)/gm)) {
      accessSync(file!, constants.X_OK);
    }
    for (const [, folder] of script.matchAll(/\b(helm\/boucle)\b/g)) expect(existsSync(folder!)).toBe(true);
    for (const [, script_] of script.matchAll(/npm (?:run )?(test|build)\b/g)) {
      expect(JSON.parse(readFileSync('package.json', 'utf8')).scripts).toHaveProperty(script_!);
    }
  });

  it('builds what the Dockerfile calls its targets', () => {
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    for (const name of ['boucle-image', 'sagemaker-image']) {
      const { TARGET } = jobs.get(name).variables;
      expect(dockerfile).toMatch(new RegExp(`^FROM \\S+ AS ${TARGET}$`, 'm'));
    }
  });

  it('deploys with values for each environment, the second one by hand, and goes back if the smoke test fails', () => {
    for (const name of ['staging', 'production']) {
      expect(jobs.get(name).environment.name).toBe(name);
      expect(existsSync(`helm/boucle/values/${name}.yaml`)).toBe(true);
      expect(scriptOf(jobs.get(name))).toMatch(/--rollback-on-failure[^]*helm test [^]*\|\| \{ helm rollback/);
    }
    expect(jobs.get('production').rules.every(({ when }: any) => when === 'manual')).toBe(true);
  });

  it('builds no image for a change of the chart alone, and pushes none for a merge request', () => {
    const changes: string[] = pipeline['.program-changes'];
    expect(changes.some((pattern) => pattern.startsWith('helm'))).toBe(false);
    for (const path of changes) expect(existsSync(path.replace(/\/\*.*$/, ''))).toBe(true);
    for (const name of ['boucle-image', 'sagemaker-image', 'ecr']) {
      expect(jobs.get(name).rules.filter((rule: any) => rule.changes)).toEqual([{ changes }]);
    }
    expect(jobs.get('ecr').rules[0]).toEqual({ if: '$CI_PIPELINE_SOURCE == "merge_request_event"', when: 'never' });
  });

  it('holds no secret, and asks AWS for access with an identity of its own', () => {
    expect(text).not.toMatch(/AKIA|aws_secret|SECRET_ACCESS_KEY|password[=:]|BEGIN /i);
    for (const name of ['ecr', 'staging', 'production'])
      expect(jobs.get(name).id_tokens).toHaveProperty('AWS_ID_TOKEN');
  });
});
