/**
 * `npm run bench [name...]`: runs the benchmarks one after the other, each in a process of its own.
 * A benchmark prints its figures with the yardstick beside them and ends with 1 when it misses its
 * goal; the figures kept are in bench/results.md.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const all = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3))
  .sort();
const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are ${all.join(', ')}`);
  process.exit(2);
}
const missed: string[] = [];
for (const name of positionals.length > 0 ? positionals : all) {
  console.log(`\n== ${name}`);
  const run = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], {
    stdio: 'inherit',
  });
  if (run.status !== 0) missed.push(name);
}
if (missed.length > 0) {
  console.error(`\nmissed: ${missed.join(', ')}`);
  process.exitCode = 1;
}
