import { matchesGlob } from 'node:path';

/**
 * The instructions of a Dockerfile, with continued lines joined and comments left out.
 * @param {string} text
 * @returns {{ name: string, flags: Record<string, string>, rest: string }[]}
 */
export function readDockerfile(text) {
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n');
  return lines.filter((line) => line.trim() !== '').map(readInstruction);
}

function readInstruction(line) {
  const [, name, flagText, rest] = /^(\w+)\s+((?:--\S+\s+)*)(.*)$/.exec(line);
  // HEALTHCHECK takes its flags before CMD, like every other instruction.
  const flags = Object.fromEntries([...flagText.matchAll(/--([\w-]+)=(\S+)/g)].map(([, key, value]) => [key, value]));
  return { name: name.toUpperCase(), flags, rest };
}

/** `KEY=value` pairs, with or without quotes. */
export function readPairs(text) {
  const pairs = text.matchAll(/([\w.-]+)=(?:"([^"]*)"|(\S*))/g);
  return Object.fromEntries([...pairs].map(([, key, quoted, plain]) => [key, quoted ?? plain]));
}

/** Replaces `$NAME` and `${NAME}` by what is known; the rest becomes empty, as in a Dockerfile. */
export function expand(text, values) {
  return text.replace(/\$\{?(\w+)\}?/g, (_, name) => values[name] ?? '');
}

/**
 * Whether the text of a .dockerignore keeps a path of the context away from the engine: the last pattern that matches the
 * path or a folder above it decides.
 */
export function ignoring(text) {
  const patterns = text.split('\n').filter((line) => line !== '');
  return (path) => {
    const parts = path.split('/');
    const paths = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
    const matching = patterns.findLast((pattern) => {
      const glob = pattern.replace(/^!/, '');
      return paths.some((candidate) => matchesGlob(candidate, glob));
    });
    return matching !== undefined && !matching.startsWith('!');
  };
}
