import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { loadConfig } from '../../src/config/config.js';
import { sourceSpecSchema } from '../../src/datasets/extraction/source-spec.js';
import { locationOf } from '../../src/datasets/source-location.js';
import { createS3Client } from '../../src/platform/storage/s3/s3-client.js';
import { hasMoto, startMoto } from '../support/moto.js';
import { type S3Server, startS3Server } from '../support/s3/s3-server.js';
import { type Result, run } from './extraction-harness.js';

const CSV = 'city,n\nOslo,1\nBergen,2\n';
const URL_OF_OBJECT = 's3://boucle-test/exports/cities.csv';

interface Place {
  readonly region?: string;
  readonly endpoint?: string;
}

describe('extraction from a bucket elsewhere', () => {
  let own: S3Server;
  let other: S3Server;

  beforeAll(async () => {
    [own, other] = [await startS3Server(), await startS3Server()];
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) process.env[name] = own.env[name];
    own.bucket.put('exports/cities.csv', Buffer.from(CSV), {}, false);
    other.bucket.put('exports/cities.csv', Buffer.from(`${CSV}Voss,3\n`), {}, false);
  });

  afterEach(() => {
    own.fault = () => undefined;
    for (const { requests } of [own, other]) requests.length = 0;
  });

  afterAll(() => Promise.all([own.stop(), other.stop()]));

  function extract(place: Place, allowList: readonly string[], outbound = ['127.0.0.1'], url = URL_OF_OBJECT) {
    const overrides = { s3: { settings: loadConfig(own.env), allowList }, outbound: { allowList: outbound } };
    return run({ kind: 'S3', url, format: 'CSV', ...place }, {}, overrides);
  }

  it('in another region signs for that, and says so where it does not', async () => {
    own.fault = ({ headers }) =>
      headers.authorization?.includes('/eu-central-1/s3/') === true
        ? undefined
        : { kind: 'ERROR', status: 301, code: 'PermanentRedirect' };
    await expect(extract({}, ['boucle-test'])).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: expect.stringContaining('is in another region. Name that as the `region`'),
    });
    expect((await extract({ region: 'eu-central-1' }, ['boucle-test'])).rows).toBe(2);
  });

  it('at another provider asks that one only', async () => {
    const { rows } = await extract({ endpoint: other.url }, [`${other.url}/boucle-test/exports`]);
    expect(rows).toBe(3);
    expect(other.requests).toEqual(['HEAD exports/cities.csv', 'GET exports/cities.csv?x-id=GetObject']);
    expect(own.requests).toEqual([]);
  });

  it.each([
    ['that provider is not named', (url: string) => ({ endpoint: url }), () => ['boucle-test']],
    ['only another part is', (url: string) => ({ endpoint: url }), (url: string) => [`${url}/boucle-test/reports`]],
    ['only that provider is', () => ({}), (url: string) => [`${url}/boucle-test`]],
  ])('is refused where %s', async (_, place, allowed) => {
    await expect(extract(place(other.url), allowed(other.url))).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('SOURCE_S3_ALLOW_LIST'),
    });
    expect([...own.requests, ...other.requests]).toEqual([]);
  });

  it.each([
    ['http://169.254.169.254', /https/],
    ['https://169.254.169.254', /internal address/],
    ['https://[::1]:9000', /internal address/],
    ['http://s3.example.org', /https/],
    ['https://ann:secret@s3.example.org', /may not hold a user name/],
    ['https://s3.example.org/bucket', /without a path/],
    ['https://s3.example.org/?x=1', /without a path/],
    ['s3.example.org', /not a URL/],
  ])('is never at %s', (endpoint, message) => {
    const source = { kind: 'S3', url: URL_OF_OBJECT, format: 'CSV', endpoint } as const;
    const locate = () => locationOf(source, { allowList: [] }, [`${endpoint}/boucle-test`, 'boucle-test']);
    expect(locate).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
    expect(locate).toThrow(message);
  });

  it('is not at a name that leads inside', async () => {
    const endpoint = other.url.replace('http://127.0.0.1', 'https://localhost');
    await expect(extract({ endpoint }, [`${endpoint}/boucle-test`], [])).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('localhost is an internal address'),
    });
    expect(other.requests).toEqual([]);
  });

  it.each(['eu_central', '.example.org', 'EU', '', 'a'.repeat(64)])('has no region %j', (region) => {
    const { success } = sourceSpecSchema.safeParse({ kind: 'S3', url: URL_OF_OBJECT, format: 'CSV', region });
    expect(success).toBe(false);
  });

  (hasMoto() ? it : it.skip)('is read from an independent server, all below a prefix', async () => {
    const moto = await startMoto();
    const [Bucket, region] = ['exports-of-others', 'eu-central-1'] as const;
    const there = { AWS_REGION: region, AWS_ENDPOINT_URL_S3: moto.url, S3_FORCE_PATH_STYLE: true };
    const client = createS3Client({ ...loadConfig(own.env), ...there });
    try {
      await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
      for (const [Key, Body] of Object.entries({ 'days/2 b.csv': CSV, 'days/1.csv': CSV, 'days/_SUCCESS': 'done' }))
        await client.send(new PutObjectCommand({ Bucket, Key, Body }));
      const place = { region, endpoint: moto.url };
      const found: Result = await extract(place, [`${moto.url}/${Bucket}`], ['127.0.0.1'], `s3://${Bucket}/days/`);
      expect(found.rows).toBe(4);
      expect(found.notes).toEqual([expect.stringContaining('2 objects')]);
    } finally {
      client.destroy();
      await moto.stop();
    }
  });
});
