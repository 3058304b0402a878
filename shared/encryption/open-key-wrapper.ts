import { BackupError } from '../errors/backup-error.ts';
import type { KeyWrapper } from './key-wrapper.ts';
import { openLocalKey } from './local-key.ts';

export interface KeyWrapperOptions {
  /** Opens the address of a Key Vault key; without it only key files can be used. */
  readonly openVaultKey?: (address: string) => KeyWrapper;
}

/**
 * The key of a setting: the address of a Key Vault key, or the path of a local key file. Throws
 * `settingsInvalid`, and `keyUnavailable` when the file cannot be read.
 */
export function openKeyWrapper(setting: string, options: KeyWrapperOptions = {}): KeyWrapper {
  if (!setting.startsWith('https://')) return openLocalKey(setting);
  if (options.openVaultKey !== undefined) return options.openVaultKey(setting);
  throw new BackupError('settingsInvalid', 'a key of Key Vault cannot be used without an identity');
}
