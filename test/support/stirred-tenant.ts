// Changes of every kind, one after the other, so that each backup after them makes every request a
// backup can make: objects are created with links, changed, deleted, brought back and purged.
import { createHash } from 'node:crypto';
import type { AdminChange, ControlClient } from '../../local/graph-simulator/control/client.ts';
import { readTruth } from './random-changes.ts';

type Kind = 'user' | 'group' | 'administrativeUnit';
/** Objects that were created together. */
type Generation = Readonly<Record<Kind, string>>;

const kinds: readonly Kind[] = ['user', 'group', 'administrativeUnit'];
/** Objects of each kind that stay in the recycle bin, so that its list has several pages. */
const IN_BIN = 15;

function creation(type: Kind, id: string, name: string): AdminChange {
  const mailNickname = name.replaceAll(' ', '-');
  const common = { displayName: name, mailNickname };
  if (type === 'user') {
    const userPrincipalName = `${mailNickname}@contoso.example`;
    return { kind: 'create', type, id, properties: { ...common, userPrincipalName } };
  }
  if (type === 'administrativeUnit')
    return { kind: 'create', type, id, properties: { displayName: name } };
  const flags = { mailEnabled: false, securityEnabled: true, groupTypes: [] };
  return { kind: 'create', type, id, properties: { ...common, ...flags } };
}

function linksOf(from: Generation, to: Generation, kind: 'addLink' | 'removeLink'): AdminChange[] {
  const link = (relationship: 'members' | 'owners' | 'manager', source: string, target: string) =>
    ({ kind, relationship, source, target }) as const;
  return [
    link('members', from.group, to.user),
    link('members', from.group, to.group),
    link('owners', from.group, to.user),
    link('members', from.administrativeUnit, to.user),
    link('members', from.administrativeUnit, to.group),
    link('manager', from.user, to.user),
  ];
}

/** A tenant whose objects come and go; `stir` makes the changes between two backups. */
export class StirredTenant {
  readonly #control: ControlClient;
  readonly #tenantId: string;
  #count = 0;
  readonly #generations = new Map<number, Generation>();
  #steady: Generation | undefined;

  constructor(control: ControlClient, tenantId: string) {
    this.#control = control;
    this.#tenantId = tenantId;
  }

  /** Objects that stay, and deleted ones that fill the recycle bin. */
  async prepare(): Promise<void> {
    this.#steady = this.#next('steady');
    await this.#apply(kinds.map((kind) => this.#create(kind, this.#steady, 'steady')));
    await this.#addForeignMember(this.#steady.group);
    const binned = Array.from({ length: IN_BIN }, (_, n) => this.#next(`binned ${n}`));
    await this.#apply(
      binned.flatMap((generation, n) =>
        kinds.flatMap((kind) => [
          this.#create(kind, generation, `binned ${n}`),
          { kind: 'delete', id: generation[kind] } as const,
        ]),
      ),
    );
    for (let n = 0; n < 6; n += 1) await this.stir();
  }

  /** A member that no collection delivers: every backup asks what it is. */
  async #addForeignMember(source: string): Promise<void> {
    const truth = await readTruth(this.#control, this.#tenantId);
    const foreign = truth.find((line) => line.kind === 'object' && isForeign(line.type));
    if (foreign?.kind !== 'object') throw new Error('the tenant has no service principal');
    await this.#apply([{ kind: 'addLink', relationship: 'members', source, target: foreign.id }]);
  }

  /** One generation comes; those before are changed, deleted, brought back, deleted, purged. */
  async stir(): Promise<void> {
    const now = this.#count + 1;
    const steady = this.#steady;
    if (steady === undefined) throw new Error('the tenant is not prepared');
    this.#count = now;
    const name = `stirred ${now}`;
    const fresh = this.#next(name);
    this.#generations.set(now, fresh);
    await this.#apply([
      ...kinds.map((kind) => this.#create(kind, fresh, name)),
      ...linksOf(fresh, steady, 'addLink'),
      ...linksOf(steady, fresh, 'addLink'),
      ...this.#of(now - 1, (id) => [{ kind: 'rename', id, displayName: `renamed ${now}` }]),
      ...this.#unlinked(now - 1, steady),
      ...this.#of(now - 2, (id) => [{ kind: 'delete', id }]),
      ...this.#of(now - 3, (id) => [{ kind: 'undelete', id }]),
      ...this.#of(now - 4, (id) => [{ kind: 'delete', id }]),
      ...this.#of(now - 5, (id) => [{ kind: 'purge', id }]),
    ]);
    this.#generations.delete(now - 5);
  }

  #of(number: number, changes: (id: string) => AdminChange[]): AdminChange[] {
    const generation = this.#generations.get(number);
    return generation === undefined ? [] : kinds.flatMap((kind) => changes(generation[kind]));
  }

  /** Some links of a generation end while both ends stay. */
  #unlinked(number: number, steady: Generation): AdminChange[] {
    const generation = this.#generations.get(number);
    return generation === undefined ? [] : linksOf(generation, steady, 'removeLink').slice(1, 4);
  }

  #next(name: string): Generation {
    const ids = kinds.map((kind) => [kind, idOf(`${this.#tenantId} ${kind} ${name}`)] as const);
    return Object.fromEntries(ids) as Record<Kind, string>;
  }

  #create(kind: Kind, generation: Generation | undefined, name: string): AdminChange {
    return creation(kind, generation?.[kind] ?? '', name);
  }

  async #apply(changes: readonly AdminChange[]): Promise<void> {
    await this.#control.change(this.#tenantId, ...changes);
  }
}

const isForeign = (type: string): boolean => type === 'servicePrincipal';

function idOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  const [a, b, c, d] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(13, 16), hex.slice(17, 20)];
  return `${a}-${b}-4${c}-8${d}-${hex.slice(20, 32)}`;
}
