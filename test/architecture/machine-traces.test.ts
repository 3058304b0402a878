import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, root } from './source-files.ts';

// Put together here, so that this file does not hold what it looks for.
const slash = '/';
const folders = ['work', 'root', 'home/[a-z]', 'Users/[A-Za-z]', 'tmp'];
const traces: readonly (readonly [string, RegExp])[] = [
  ['an absolute path', new RegExp(`(?<![\\w.}/:*-])${slash}(${folders.join('|')})${slash}`)],
  ['a registry', new RegExp(`registry\\.(${'npm'}js|yarn${'pkg'})|arti${'factory'}`, 'i')],
  ['a file address', new RegExp(`file:${slash}{3}(${folders.join('|')})${slash}`)],
];

const found = (text: string): string | undefined =>
  traces.find(([, pattern]) => pattern.test(text))?.[0];

describe('the files of the project', () => {
  const files = filesBelow('.').filter((file) => {
    const { size } = statSync(path.join(root, file));
    return size < 3_000_000 && !/\.(png|gz|sqlite)$/.test(file);
  });

  it('hold no path of a machine and no address of a registry', () => {
    const guilty = files
      .map((file) => [file, found(readFileSync(path.join(root, file), 'utf8'))] as const)
      .filter(([, what]) => what !== undefined);
    expect(guilty).toEqual([]);
    expect(files).toContain('package-lock.json');
  });

  it('have a lockfile without download addresses', () => {
    expect(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"');
  });

  it('would be noticed', () => {
    for (const name of ['work', 'root', 'tmp']) {
      expect(found(`cd ${slash}${name}${slash}x`)).toBe('an absolute path');
      expect(found(`"file:${slash}${slash}${slash}${name}${slash}x"`)).toBe('a file address');
    }
    expect(found(`https:${slash}${slash}registry.${'npm'}js.org`)).toBe('a registry');
    expect(found('/var/tmp/x')).toBeUndefined();
    expect(found(`POST /tenants/{t}${slash}work${slash}root`)).toBeUndefined();
  });
});
