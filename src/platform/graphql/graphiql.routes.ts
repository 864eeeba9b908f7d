import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../errors/app-error.js';

const BUILT_PAGE = fileURLToPath(new URL('./graphiql/', import.meta.url));
const ONE_YEAR = 'public, max-age=31536000, immutable';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.ttf': 'font/ttf',
};

/**
 * Nothing may leave the origin, and no script runs that isn't one of our files. Styles alone may be inline: Monaco
 * writes <style> elements at run time (theme colours, measured fonts) and can give them no nonce. 'self' in
 * connect-src covers the WebSocket of subscriptions, too. Workers take this policy from their own responses. The other
 * headers are those of every path.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "worker-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/**
 * Serves GraphiQL at `/graphiql` from the files of `scripts/build-graphiql.mjs`. Plain Fastify routes: the page is
 * public and static, so it needs none of the guards and pipes of a Nest controller. Only names that were in the folder
 * at the start are served.
 */
export async function serveGraphiql(http: FastifyInstance, { folder = BUILT_PAGE } = {}): Promise<void> {
  const page = await readBuilt(readFile(join(folder, 'page.html'), 'utf8'));
  const assets = new Set(await readBuilt(readdir(join(folder, 'assets'))));

  http.get('/graphiql', (_request, reply) =>
    reply
      .headers({ 'content-security-policy': CONTENT_SECURITY_POLICY, 'cache-control': 'no-cache' })
      .type('text/html; charset=utf-8')
      .send(page),
  );
  http.get<{ Params: { name: string } }>('/graphiql/assets/:name', ({ params: { name } }, reply) => {
    const mediaType = MEDIA_TYPES[extname(name)];
    if (!assets.has(name) || !mediaType) {
      reply.callNotFound();
      return reply;
    }
    return reply
      .headers({ 'content-security-policy': CONTENT_SECURITY_POLICY, 'cache-control': ONE_YEAR })
      .type(mediaType)
      .send(createReadStream(join(folder, 'assets', name)));
  });
}

async function readBuilt<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    const message = 'The GraphiQL page is not built. Run "npm run build", or set GRAPHIQL=false.';
    throw new AppError('INTERNAL', message, undefined, { cause });
  }
}
