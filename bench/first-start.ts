/**
 * What a new user waits for: a fresh clone, `npm ci`, then `npm start -- --once` until the first
 * restore point of the sample tenant is complete. Only the latter has a limit.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { hold, printMachine, round, seconds } from './support/figures.ts';

const limit = 90;
const checkout = resolve(import.meta.dirname, '..');

function must(command: string, args: readonly string[], cwd: string): void {
  const done = spawnSync(command, [...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  if (done.status !== 0) throw new Error(`${command} ${args[0]} ended with ${done.status}`);
}

/** Only a plain environment: this process may have settings of its own. */
function surroundings(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'HTTPS_PROXY', 'NO_PROXY', 'USER'];
  const proxies = Object.entries(process.env).filter(
    ([name]) => kept.includes(name.toUpperCase()) || /^npm_config_(registry|cache)$/.test(name),
  );
  return Object.fromEntries(proxies);
}

async function start(clone: string): Promise<string[]> {
  const args = ['start', '--', '--once', '--port', '0', '--state', join(clone, '.local')];
  const child = spawn('npm', args, { cwd: clone, env: surroundings(), stdio: 'pipe' });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`npm start ended with ${code}:\n${lines.join('\n')}`);
  return lines;
}

printMachine();
const folder = mkdtempSync(join(tmpdir(), 'bench-clone-'));
const clone = join(folder, 'entra-backup');
try {
  must('git', ['clone', '--quiet', '--depth', '1', `file://${checkout}`, clone], folder);
  const install = await seconds(async () => must('npm', ['ci', '--silent'], clone));
  let lines: string[] = [];
  const first = await seconds(async () => {
    lines = await start(clone);
  });
  console.table([{ 'npm ci s': round(install, 1), 'npm start -- --once s': round(first, 1) }]);
  const point = lines.filter((line) => /restore point|since the start/i.test(line));
  console.log(point.join('\n'));
  hold(`npm start -- --once < ${limit} s`, first, first < limit);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
