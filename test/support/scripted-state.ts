// The state of a scripted tenant: objects, links and the log of changes that delta rounds tell.
import type { JsonValue } from '../../shared/json/json-value.ts';

export interface ScriptedObject {
  readonly id: string;
  readonly type: string;
  state: 'live' | 'bin' | 'gone';
  properties: Record<string, JsonValue>;
  readonly parent?: string;
}

export interface Logged {
  readonly seq: number;
  readonly id: string;
  readonly link?: { readonly name: string; readonly target: string };
}

export class ScriptedState {
  readonly objects = new Map<string, ScriptedObject>();
  readonly links = new Set<string>();
  readonly log: Logged[] = [];
  seq = 0;

  create(
    type: string,
    id: string,
    properties: Record<string, JsonValue> = {},
    parent?: string,
  ): void {
    const base = { id, type, state: 'live' as const, properties: { id, ...properties } };
    this.objects.set(id, parent === undefined ? base : { ...base, parent });
    if (parent === undefined) this.note(id);
  }

  set(id: string, properties: Record<string, JsonValue>): void {
    Object.assign(this.get(id).properties, properties);
    this.note(id);
  }

  bin(id: string): void {
    this.get(id).state = 'bin';
    this.note(id);
  }

  undelete(id: string): void {
    this.get(id).state = 'live';
    this.note(id);
  }

  purge(id: string): void {
    this.get(id).state = 'gone';
    for (const text of this.links) {
      const [name = '', source = '', target = ''] = text.split(' ');
      if (source !== id && target !== id) continue;
      this.links.delete(text);
      if (target === id) this.note(source, { name, target });
    }
    this.note(id);
  }

  link(name: string, source: string, target: string): void {
    this.links.add(`${name} ${source} ${target}`);
    this.note(source, { name, target });
  }

  unlink(name: string, source: string, target: string): void {
    this.links.delete(`${name} ${source} ${target}`);
    this.note(source, { name, target });
  }

  get(id: string): ScriptedObject {
    const found = this.objects.get(id);
    if (found === undefined) throw new Error(`no object ${id}`);
    return found;
  }

  private note(id: string, link?: Logged['link']): void {
    this.seq += 1;
    this.log.push(link === undefined ? { seq: this.seq, id } : { seq: this.seq, id, link });
  }
}
