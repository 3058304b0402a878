// Builds the function app into dist/: one ESM bundle of our own code; packages stay in node_modules.
import { globSync, readFileSync, rmSync } from 'node:fs';
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
rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: ['functions/main.ts'],
  outdir: 'dist/functions',
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node22',
  sourcemap: true,
  logLevel: 'warning',
});
