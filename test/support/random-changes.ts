// Changes that an administrator could make in a simulated tenant, drawn from a seed.
import type {
  AdminChange,
  ControlClient,
  TruthLine,
} from '../../local/graph-simulator/control/client.ts';

/** Everything a tenant holds now. */
export async function readTruth(control: ControlClient, tenantId: string): Promise<TruthLine[]> {
  const lines: TruthLine[] = [];
  for await (const line of control.truth(tenantId)) lines.push(line);
  return lines;
}

export type Random = (below: number) => number;

/** Whole numbers from 0 below the argument, the same for the same seed. */
export function generator(seed: number): Random {
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

const relations = [
  ['members', 'group', ['user', 'group']],
  ['owners', 'group', ['user']],
  ['members', 'administrativeUnit', ['user', 'group']],
  ['manager', 'user', ['user']],
] as const;
const tracked = ['user', 'group', 'administrativeUnit'];

type Tenant = ReturnType<typeof contentsOf>;

function contentsOf(truth: readonly TruthLine[]) {
  const objects = truth.filter((line) => line.kind === 'object');
  const links = truth.filter((line) => line.kind === 'link').filter((line) => line.live);
  const ids = (state: string, types: readonly string[]): string[] =>
    objects
      .filter((line) => line.state === state && types.includes(line.type))
      .filter((line) => !isRuled(line.properties))
      .map((line) => line.id);
  return { ids, links };
}

/** Members of dynamic groups follow a rule: nobody adds or removes them. */
function isRuled(properties: Readonly<Record<string, unknown>>): boolean {
  return /Dynamic/.test(JSON.stringify([properties['groupTypes'], properties['membershipType']]));
}

function pick<Item>(some: readonly Item[], random: Random): Item | undefined {
  return some[random(some.length)];
}

function drawChange(tenant: Tenant, random: Random, n: number): AdminChange | undefined {
  const kind = random(8);
  if (kind === 0) return creation(random, n);
  if (kind === 1) return newLink(tenant, random);
  if (kind === 2) {
    const link = pick(tenant.links, random);
    if (link === undefined) return undefined;
    const { relationship, source, target } = link;
    return { kind: 'removeLink', relationship, source, target };
  }
  return kind < 5 ? fromBin(tenant, random, kind) : ofLive(tenant, random, kind, n);
}

function newLink(tenant: Tenant, random: Random): AdminChange | undefined {
  const [relationship, owner, targets] = relations[random(relations.length)] ?? relations[0];
  const source = pick(tenant.ids('live', [owner]), random);
  const target = pick(tenant.ids('live', targets), random);
  if (source === undefined || target === undefined || source === target) return undefined;
  return { kind: 'addLink', relationship, source, target };
}

function fromBin(tenant: Tenant, random: Random, kind: number): AdminChange | undefined {
  const id = pick(tenant.ids('deleted', tracked), random);
  return id === undefined ? undefined : { kind: kind === 3 ? 'undelete' : 'purge', id };
}

function ofLive(tenant: Tenant, random: Random, kind: number, n: number): AdminChange | undefined {
  const id = pick(tenant.ids('live', tracked), random);
  if (id === undefined) return undefined;
  if (kind === 5) return { kind: 'rename', id, displayName: `renamed ${n}` };
  if (kind === 6) return { kind: 'patch', id, properties: { description: `changed ${n}` } };
  return { kind: 'delete', id };
}

function creation(random: Random, n: number): AdminChange {
  const name = `created ${n} ${random(1_000_000)}`;
  const nickname = name.replaceAll(' ', '');
  const common = { displayName: name, mailNickname: nickname };
  const type = (['user', 'group', 'administrativeUnit'] as const)[random(3)] ?? 'user';
  if (type === 'user') {
    const userPrincipalName = `${nickname}@contoso.example`;
    return { kind: 'create', type, properties: { ...common, userPrincipalName } };
  }
  if (type === 'administrativeUnit')
    return { kind: 'create', type, properties: { displayName: name } };
  const flags = { mailEnabled: false, securityEnabled: true, groupTypes: [] };
  return { kind: 'create', type, properties: { ...common, ...flags } };
}

/**
 * Makes `count` changes, one after the other, each valid when it is made. With `perLook` above 1 the
 * tenant is looked at less often: what does not fit any more by then is left out and not counted.
 */
export async function changeAtRandom(
  control: ControlClient,
  tenantId: string,
  random: Random,
  count: number,
  perLook = 1,
): Promise<void> {
  for (let n = 0; n < count; ) {
    const tenant = contentsOf(await readTruth(control, tenantId));
    for (let drawn = 0; drawn < perLook && n < count; drawn += 1) {
      const change = drawChange(tenant, random, random(1_000_000));
      if (change !== undefined && (await isMade(control, tenantId, change, perLook > 1))) n += 1;
    }
  }
}

async function isMade(
  control: ControlClient,
  tenantId: string,
  change: AdminChange,
  mayMiss: boolean,
): Promise<boolean> {
  try {
    await control.change(tenantId, change);
    return true;
  } catch (error) {
    if (mayMiss) return false;
    throw error;
  }
}
