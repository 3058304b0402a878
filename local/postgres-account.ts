import { execFileSync, spawnSync } from 'node:child_process';
import { userInfo } from 'node:os';

/** The operating system account that PostgreSQL runs as; it refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The account to start PostgreSQL with: undefined means our own. As root it is `postgres`, made when
 * the machine has none.
 */
export function postgresAccount(): Account | undefined {
  if (process.platform === 'win32' || userInfo().uid !== 0) return undefined;
  const known = lookUp();
  if (known) return known;
  try {
    execFileSync('groupadd', ['--force', 'postgres'], { stdio: 'pipe' });
    execFileSync('useradd', ['--gid', 'postgres', '--no-create-home', 'postgres'], {
      stdio: 'pipe',
    });
  } catch (error) {
    throw new Error(
      'postgresql cannot run as root and the user postgres could not be made: add it, or start as a normal user',
      { cause: error },
    );
  }
  const made = lookUp();
  if (!made) throw new Error('the user postgres was made but cannot be found');
  return made;
}

function lookUp(): Account | undefined {
  const id = (flag: string): number => {
    const answer = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' });
    return answer.status === 0 ? Number.parseInt(answer.stdout, 10) : Number.NaN;
  };
  const [uid, gid] = [id('-u'), id('-g')];
  return Number.isNaN(uid) || Number.isNaN(gid) || uid === 0 ? undefined : { uid, gid };
}

/** Whether the account can use `file`: x = enter or run it, w = write into it. */
export function canUse(account: Account | undefined, file: string, how: 'x' | 'w'): boolean {
  if (account === undefined) return true;
  const answer = spawnSync('/bin/sh', ['-c', `test -${how} "$1"`, 'sh', file], {
    ...account,
    cwd: '/',
  });
  return answer.status === 0;
}
