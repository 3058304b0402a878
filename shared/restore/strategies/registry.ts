import type { ObjectType } from '../../catalog/object-type.ts';
import { BackupError } from '../../errors/backup-error.ts';
import { dynamicRulePaused } from './dynamic-rule-paused.ts';
import { enabledLast } from './enabled-last.ts';
import { mailEnabledRefused } from './mail-enabled-refused.ts';
import { randomPassword } from './random-password.ts';
import type { RestoreStrategy } from './restore-strategy.ts';
import { roleAssignable } from './role-assignable.ts';
import { syncedReadOnly } from './synced-read-only.ts';

const strategies = new Map(
  [
    dynamicRulePaused,
    enabledLast,
    mailEnabledRefused,
    randomPassword,
    roleAssignable,
    syncedReadOnly,
  ].map((strategy) => [strategy.name, strategy]),
);

/** The strategies a catalogue entry names, in its order; an unknown name is a mistake of ours. */
export function strategiesOf(type: ObjectType): readonly RestoreStrategy[] {
  return type.restore.strategies.map((name) => {
    const strategy = strategies.get(name);
    if (strategy !== undefined) return strategy;
    throw new BackupError('invalidState', `type ${type.name} names the unknown strategy ${name}`);
  });
}
