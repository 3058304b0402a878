// `npm run token -- --user <name> --roles Restore.Operator[,..]`: prints an access token of a person
// for the local API, signed by the running simulator. Works only against the local stack.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ControlClient } from './graph-simulator/control/client.ts';
import type { TokenFlaw, UserTokenRequest } from './graph-simulator/sign-in/user-token.ts';
import { objectIdOf, tokenFlaws } from './graph-simulator/sign-in/user-token.ts';
import { readSimulatorFile } from './graph-simulator/simulator-file.ts';

const usage = `usage: npm run token -- --user <name> [options]
  --user <name>       user principal name or any other name; the same name keeps its object id
  --roles <a,b>       app roles: Backup.Reader, Backup.Operator, Restore.Operator,
                      Restore.Approver, Backup.Admin, Security.Auditor
  --groups <id,id>    group object ids in the token
  --minutes <n>       life of the token, 60 unless given
  --tenant <id>       tenant the person signs in to, the API's own unless given
  --audience <uri>    audience, the API's own unless given
  --flaw <flaw>       a token that must be refused: ${tokenFlaws.join(', ')}
  --state <folder>    state folder of the local stack, .local unless given
  --show-id           print the object id of the person to standard error too`;

const options = {
  user: { type: 'string' },
  roles: { type: 'string' },
  groups: { type: 'string' },
  minutes: { type: 'string' },
  tenant: { type: 'string' },
  audience: { type: 'string' },
  flaw: { type: 'string' },
  state: { type: 'string', default: '.local' },
  'show-id': { type: 'boolean', default: false },
} as const;

/** Wrong use of the command or no simulator: shown without a stack. */
class CommandError extends Error {}

async function printToken(): Promise<void> {
  const values = readArguments();
  const simulator = await readSimulatorFile(resolve(values.state));
  if (!simulator) {
    throw new CommandError(
      `no simulator runs with the state folder ${values.state}; start the local stack with npm start, or name its folder with --state`,
    );
  }
  const control = new ControlClient({
    origin: simulator.url,
    token: simulator.controlToken,
    ca: await readFile(simulator.caFile, 'utf8'),
  });
  const request: UserTokenRequest = {
    tenantId: values.tenant ?? simulator.apiTenantId,
    user: values.user,
    audience: values.audience ?? simulator.apiAudience,
    roles: list(values.roles),
    groups: list(values.groups),
    ...(values.minutes === undefined ? {} : { lifetimeSeconds: readMinutes(values.minutes) }),
    ...(values.flaw === undefined ? {} : { flaw: readFlaw(values.flaw) }),
  };
  if (values['show-id']) process.stderr.write(`object id ${objectIdOf(values.user)}\n`);
  process.stdout.write(`${await issue(control, request)}\n`);
}

async function issue(control: ControlClient, request: UserTokenRequest): Promise<string> {
  try {
    return await control.userToken(request);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
    throw new CommandError(
      'the simulator does not answer any more; start the local stack with npm start',
    );
  }
}

function readMinutes(text: string): number {
  const minutes = Number(text);
  if (!(minutes > 0)) throw new CommandError(`--minutes takes a positive number, not ${text}`);
  return Math.round(minutes * 60);
}

function readFlaw(text: string): TokenFlaw {
  const flaw = tokenFlaws.find((known) => known === text);
  if (!flaw) throw new CommandError(`unknown flaw ${text}; known are ${tokenFlaws.join(', ')}`);
  return flaw;
}

function readArguments() {
  try {
    const { values } = parseArgs({ options, strict: true });
    if (!values.user) throw new CommandError(usage);
    return { ...values, user: values.user };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${(error as Error).message}\n${usage}`);
  }
}

const list = (text = '') =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

try {
  await printToken();
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
