import { beforeEach, describe, expect, it } from 'vitest';
import { copyParts } from '../../shared/log-repository/copy-parts.ts';
import {
  all,
  type FourHours,
  fill,
  fourHours,
  HOURS,
  one,
  textsOf,
} from '../support/four-hours.ts';
import { newKey } from '../support/log-fixtures.ts';
import { newFastFolder, openFolder } from '../support/log-stores.ts';
import { searchAll } from '../support/search-all.ts';
import { expected, hourTime, SearchScene } from '../support/search-scene.ts';

let hours: FourHours;

beforeEach(async () => {
  hours = await fourHours();
});

describe('search in a damaged log repository', () => {
  it.each([
    ['a frame', 600, 'containerDamaged'],
    ['the footer', -30, 'containerDamaged'],
    ['the end', -3, 'containerTruncated'],
    ['the wrapped key', 330, 'keyWrong'],
  ])(
    'names a segment in which %s was changed and answers the rest',
    async (_, at, expectedCode) => {
      const name = await hours.nameIn(2, '.seg');
      await hours.flip(name, at);
      const found = await searchAll(hours.anew(), all);
      expect(found.complete).toBe(false);
      const [defect] = found.defects;
      expect(defect).toMatchObject({ name, effect: 'notSearched' });
      expect([expectedCode, 'containerDamaged', 'containerForeign']).toContain(defect?.code);
      const known = new Set(hours.scene.truth.map(({ text }) => text));
      expect(found.texts.every((text) => known.has(text))).toBe(true);
      const rest = textsOf(expected(hours.without(2), all));
      expect(found.texts.length).toBeLessThan(hours.scene.truth.length);
      expect([...found.texts].sort()).toEqual(expect.arrayContaining(rest));
    },
  );

  it.each(['.seg', '.both'])('names a segment that is missing: %s', async (which) => {
    const name = await hours.nameIn(1, '.seg');
    await hours.scene.store.remove(name);
    if (which === '.both') await hours.scene.store.remove(await hours.nameIn(1, '.idx'));
    const found = await searchAll(hours.anew(), one);
    expect(found).toMatchObject({
      complete: false,
      defects: expect.arrayContaining([
        {
          source: 'signIns',
          name,
          code: 'logBlobMissing',
          hour: hourTime(1).slice(0, 13),
          effect: 'notSearched',
        },
      ]) as unknown,
    });
    expect([...found.texts].sort()).toEqual(textsOf(expected(hours.without(1), one)));
  });

  it('looks through the whole segment when its index is damaged, and says so', async () => {
    const name = await hours.nameIn(1, '.idx');
    await hours.flip(name, -30);
    const found = await searchAll(hours.anew(), one);
    expect([...found.texts].sort()).toEqual(textsOf(expected(hours.scene.truth, one)));
    expect(found.complete).toBe(true);
    expect(found.defects).toMatchObject([{ name, effect: 'searchedWithoutIndex' }]);
  });

  it('answers nothing under another key and names every segment', async () => {
    const found = await searchAll(hours.anew({ keys: newKey() }), all);
    expect(found.texts).toEqual([]);
    expect(found.complete).toBe(false);
    expect(found.defects.map(({ code: each }) => each)).toEqual(Array(HOURS).fill('keyWrong'));
  });

  it('never takes a segment that was put in the place of another one for it', async () => {
    const [name, other] = [await hours.nameIn(1, '.seg'), await hours.nameIn(2, '.seg')];
    const foreign = (await hours.scene.store.read(other)) ?? Buffer.alloc(0);
    await hours.scene.store.remove(name);
    await hours.scene.store.create(name, foreign);
    const found = await searchAll(hours.anew(), all);
    expect(found.defects).toMatchObject([{ name, effect: 'notSearched' }]);
    expect([...found.texts].sort()).toEqual(textsOf(expected(hours.without(1), all)));
  });

  it.each(['missing', 'damaged'])(
    'names a manifest that is %s: its hours may lack records',
    async (how) => {
      const name = copyParts.manifestName({ tenant: hours.scene.tenant, source: 'signIns' }, 2);
      if (how === 'missing') await hours.scene.store.remove(name);
      else await hours.flip(name, 50);
      const found = await searchAll(hours.anew(), all);
      expect(found.complete).toBe(false);
      const badCode = how === 'missing' ? 'logBlobMissing' : 'manifestDamaged';
      expect(found.defects).toContainEqual(
        expect.objectContaining({ name, code: badCode, hour: hourTime(1).slice(0, 13) }),
      );
      expect([...found.texts].sort()).toEqual(textsOf(expected(hours.without(1), all)));
    },
  );

  it('does not believe a manifest that the next one does not name', async () => {
    const chain = { tenant: hours.scene.tenant, source: 'signIns' };
    const other = new SearchScene(
      openFolder(await newFastFolder()),
      hours.scene.keys,
      hours.scene.tenant,
    );
    await fill(other);
    const name = copyParts.manifestName(chain, 2);
    await hours.scene.store.remove(name);
    await hours.scene.store.create(name, (await other.store.read(name)) ?? Buffer.alloc(0));
    const found = await searchAll(hours.anew(), all);
    expect(found.complete).toBe(false);
    expect(found.defects.map(({ code: each }) => each)).toContain('chainBroken');
  });

  it('reads what a repair has put in the place of a defective segment', async () => {
    const name = await hours.nameIn(1, '.seg');
    const chain = { tenant: hours.scene.tenant, source: 'signIns' };
    const { manifest } = await copyParts.readLink(hours.scene.store, chain, 2);
    const [named] = manifest.segments;
    if (named === undefined) throw new Error('no segment');
    const side = { store: hours.scene.store, keys: hours.scene.keys };
    // windows of the weeks after it, so that the repair is far from all that is said of the hour
    const windows = 60;
    for (let later = 0; later < windows; later += 1) {
      await hours.scene.window('signIns', [1000 + later, 1001 + later], []);
    }
    const target = { number: HOURS + windows + 1, isNew: true };
    const by = await copyParts.copySegment(side, side, named, target);
    await hours.flip(name, 600);
    await hours.scene.append('signIns', 2000, {
      ...{ kind: 'repair', segments: [by] },
      repair: { replaced: [{ number: 2, name, by: by.name }] },
    });
    const found = await searchAll(hours.anew(), all);
    expect([...found.texts].sort()).toEqual(textsOf(expected(hours.scene.truth, all)));
    expect(found).toMatchObject({ complete: true, defects: [] });
  });
});
