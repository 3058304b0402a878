import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../../docs/changes/unreleased/', import.meta.url);
const files = readdirSync(folder);

test.each(files)(
  'the change %s says what is new in one sentence, then in the words of an operator',
  (file) => {
    expect(file).toMatch(/^[a-z][a-z0-9-]*\.md$/);
    const lines = readFileSync(new URL(file, folder), 'utf8').split('\n');
    expect(lines[0]).toMatch(/^(Added|Changed|Fixed): [A-Z`].*[^.]\.$/);
    expect(lines[1]).toBe('');
    expect(lines.slice(2).join('').length).toBeGreaterThan(60);
    expect(lines.at(-1)).toBe('');
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(120);
  },
);
