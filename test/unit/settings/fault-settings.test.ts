import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  readFaultSettings,
  readPlannedFailpoint,
} from '../../../shared/settings/fault-settings.ts';

test('without fault settings nothing is planned', () => {
  expect(readFaultSettings({})).toEqual({});
  expect(readPlannedFailpoint({})).toEqual({ text: '' });
});

test('a failpoint is its name, what it does and at which occurrence', () => {
  const planOf = (FAILPOINT: string) => readPlannedFailpoint(readFaultSettings({ FAILPOINT })).plan;
  expect(planOf('commit.beforeState:kill')).toEqual({
    name: 'commit.beforeState',
    action: 'kill',
    nth: 1,
  });
  expect(planOf('list.betweenPages:freeze:3')).toMatchObject({ action: 'freeze', nth: 3 });
  for (const text of ['', 'commit.beforeState', 'commit.beforeState:stop', ':kill', 'a:kill:x']) {
    expect(planOf(text)).toBeUndefined();
  }
});

test('a failpoint file may change while the process runs', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fault-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const FAILPOINT_FILE = path.join(folder, 'plan');
  const settings = readFaultSettings({ FAILPOINT_FILE, FAILPOINT: 'adopt.afterEpoch:kill' });
  writeFileSync(FAILPOINT_FILE, '');
  expect(readPlannedFailpoint(settings).plan).toBeUndefined();
  writeFileSync(FAILPOINT_FILE, 'adopt.afterEpoch:hang:2');
  expect(readPlannedFailpoint(settings).plan).toMatchObject({ action: 'hang', nth: 2 });
});

test('lengths of leases and waits are seconds above 0', () => {
  expect(readFaultSettings({ LEASE_SECONDS: '2', RESTORE_WAIT_SECONDS: '0.5' })).toEqual({
    leaseMs: 2_000,
    restoreWaitMs: 500,
  });
  expect(readFaultSettings({ LEASE_SECONDS: '0', RESTORE_WAIT_SECONDS: 'soon' })).toEqual({});
});
