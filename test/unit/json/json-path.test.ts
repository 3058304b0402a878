import { describe, expect, it } from 'vitest';
import { replaceAt, valuesAt } from '../../../shared/json/json-path.ts';
import { parseJson } from '../../../shared/json/parse-json.ts';

const policy = (): ReturnType<typeof parseJson> =>
  parseJson(
    '{"id":"p","conditions":{"users":{"includeUsers":["a","All"],"excludeUsers":[]},"app":null},' +
      '"licenses":[{"plans":["x","y"]},{"plans":null},{},7,{"plans":["z"]}],"n":1.0,"grid":[[1],[2,3]]}',
  );

describe('a path', () => {
  it.each([
    ['id', ['p']],
    ['conditions.users.includeUsers[]', ['a', 'All']],
    ['conditions.users.includeUsers', [['a', 'All']]],
    ['conditions.users.excludeUsers[]', []],
    ['licenses[].plans[]', ['x', 'y', 'z']],
    ['grid[][]', [1, 2, 3]],
    ['conditions.app', []],
    ['conditions.app.x', []],
    ['conditions.missing.x[]', []],
    ['id.x', []],
    ['id[]', []],
    ['n.source', []],
    ['toString', []],
    ['__proto__', []],
  ])('%s gives %j', (path, expected) => {
    expect(valuesAt(policy(), path)).toEqual(expected);
  });

  it('replaces what it names in a copy and leaves the original alone', () => {
    const before = policy();
    const after = replaceAt(before, 'conditions.users.includeUsers[]', (value) => `new ${value}`);
    expect(valuesAt(after, 'conditions.users.includeUsers[]')).toEqual(['new a', 'new All']);
    expect(before).toEqual(policy());
    expect(valuesAt(after, 'licenses')).toEqual(valuesAt(before, 'licenses'));
  });

  it('replaces inside lists of objects and passes over what does not fit', () => {
    const after = replaceAt(policy(), 'licenses[].plans[]', (value) => `${value}!`);
    expect(valuesAt(after, 'licenses[].plans[]')).toEqual(['x!', 'y!', 'z!']);
    expect(replaceAt(policy(), 'missing.path[]', () => 'x')).toEqual(policy());
    expect(replaceAt(policy(), 'conditions.app', () => 'x')).toEqual(policy());
  });
});
