import { Logger } from '@nestjs/common';
import { type Config, ConfigError, loadConfig } from '../config/config.js';
import { type OpenDatabase, openDatabase } from '../platform/database/open-database.js';
import { databaseChecks } from './doctor/database-checks.js';
import { diskChecks } from './doctor/disk-checks.js';
import { examine, type Finding } from './doctor/finding.js';
import { sageMakerChecks } from './doctor/sagemaker-checks.js';
import { storageChecks } from './doctor/storage-checks.js';

/**
 * Tries what this process needs and prints what it found, as text or JSON.
 * @returns the exit code: 1 if something has to be mended.
 */
export async function doctor({ json = false }: { readonly json?: boolean }): Promise<number> {
  Logger.overrideLogger(false); // What the parts log while they are tried would stand between the findings.
  const findings = (await findingsOf(process.env)).map((finding) => withoutSecrets(finding, process.env));
  const ok = findings.every(({ fix }) => fix === undefined);
  process.stdout.write(json ? `${JSON.stringify({ ok, findings })}\n` : report(findings, ok));
  return ok ? 0 : 1;
}

async function findingsOf(environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  let config: Config;
  try {
    config = loadConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [{ check: 'settings', says: error.message, fix: 'Mend them; README.md lists all settings.' }];
  }
  const others = Promise.all([storageChecks(config), sageMakerChecks(config), diskChecks(config)]);
  return [{ check: 'settings', says: 'can be read' }, ...(await onDatabase(config)), ...(await others).flat()];
}

/** The embedded server has to be started first. */
async function onDatabase(config: Config): Promise<Finding[]> {
  let database: OpenDatabase | undefined;
  const start = async (): Promise<string> => {
    database = await openDatabase(config);
    return 'starts';
  };
  const started = await examine(
    'embedded database',
    start,
    () => 'Stop the Boucle that uses it, or mend what it says.',
  );
  if (!database) return [started];
  try {
    return [...(config.embedded ? [started] : []), ...(await databaseChecks(database.config))];
  } finally {
    await database.close();
  }
}

function report(findings: readonly Finding[], ok: boolean): string {
  const lines = findings.flatMap(({ check, says, fix }) =>
    fix === undefined ? [`✓ ${check}: ${says}`] : [`✗ ${check}: ${says}`, `    ${fix}`],
  );
  return `${[...lines, ok ? 'Everything is in order.' : 'Something has to be mended: see ✗.'].join('\n')}\n`;
}

/** Whatever an error of somebody else's says, no secret is printed. */
function withoutSecrets({ check, says, fix }: Finding, environment: NodeJS.ProcessEnv): Finding {
  const hidden = secretsOf(environment).reduce((text, secret) => text.replaceAll(secret, '***'), says);
  return { check, says: hidden, ...(fix !== undefined && { fix }) };
}

function secretsOf({ BOUCLE_SECRET, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, ...urls }: NodeJS.ProcessEnv): string[] {
  const passwords = [urls['DATABASE_URL'], urls['DATABASE_DIRECT_URL']].map(
    (url) => /:\/\/[^:@/]*:([^@]*)@/.exec(url ?? '')?.[1],
  );
  const secrets = [BOUCLE_SECRET, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, ...passwords];
  return secrets.filter((secret) => secret !== undefined && secret !== '').map(String);
}
