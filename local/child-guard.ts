import { type ChildProcess, spawn } from 'node:child_process';

export interface GuardOptions {
  readonly signal: 'INT' | 'TERM';
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Ends `child` with `signal` when this process dies without a word (kill -9): the guard waits for its
 * end of a pipe to close. It goes away with the child. Windows has no such thing and does without.
 */
export function guardChild(child: ChildProcess, options: GuardOptions): void {
  if (process.platform === 'win32' || child.pid === undefined) return;
  const { signal, ...account } = options;
  const script = `cat >/dev/null; kill -${signal} "$1"`;
  const guard = spawn('/bin/sh', ['-c', script, 'sh', String(child.pid)], {
    ...account,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a shell there is no guard; everything else works.
  guard.on('error', () => undefined);
  guard.unref();
  child.once('exit', () => guard.kill('SIGKILL'));
}
