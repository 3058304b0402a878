// Builds the function app into dist/: one ESM bundle of our own code; packages stay in node_modules.
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { checkDurableNames } from './durable-names.ts';

process.chdir(path.resolve(import.meta.dirname, '..'));
const files = globSync('functions/**/*.ts').map((file): [string, string] => [
  file.replaceAll(path.sep, '/'),
  readFileSync(file, 'utf8'),
]);
const problems = checkDurableNames(new Map(files));
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exit(1);
}
// made beside and moved file by file: another process may read or build dist/ at this moment
mkdirSync('dist/functions', { recursive: true });
const made = mkdtempSync('dist/new-');
try {
  await build({
    entryPoints: ['functions/main.ts'],
    outdir: made,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node22',
    sourcemap: true,
    logLevel: 'warning',
  });
  for (const name of readdirSync(made)) {
    renameSync(path.join(made, name), path.join('dist/functions', name));
  }
} finally {
  rmSync(made, { recursive: true, force: true });
}
