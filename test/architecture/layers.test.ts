import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOnly } from './code-only.ts';
import { layers, violation } from './layers.ts';
import { filesBelow, parse, root, sourceFiles } from './source-files.ts';

const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const product = sourceFiles('shared', 'functions', 'cli');

const violations = (file: string, text: string): (string | undefined)[] => {
  const source = parse(file, text);
  return source.imports.map((imported) => violation(source, imported)).filter(Boolean);
};

describe('the layers', () => {
  it('hold for every import of the product', () => {
    const found = product.flatMap((source) =>
      source.imports.map((imported) => violation(source, imported)).filter(Boolean),
    );
    expect(found).toEqual([]);
    expect(product.length).toBeGreaterThan(20);
  });

  it('would notice each kind of violation', () => {
    const repository = "import { Database } from '../repository/database.ts';";
    expect(violations('shared/restore/x.ts', repository)[0]).toContain('only by import type');
    expect(violations('shared/restore/x.ts', repository.replace('import', 'import type'))).toEqual(
      [],
    );
    expect(violations('shared/graph/x.ts', repository)[0]).toContain('may not');
    expect(
      violations('shared/catalog/x.ts', "import type { A } from '../json/a.ts';")[0],
    ).toContain('may not');
    const multiLine = "import {\n  type Pool,\n} from 'pg';";
    expect(violations('shared/restore/x.ts', multiLine)[0]).toContain('belongs to');
    expect(violations('shared/verify/x.ts', "await import('durable-functions');")).toHaveLength(1);
    expect(violations('functions/http/x.ts', "export * from '../../local/x.ts';")).toHaveLength(1);
    const orchestrator = "import { x } from '../../shared/errors/x.ts';";
    expect(violations('functions/orchestrators/x.ts', orchestrator)).toHaveLength(1);
    expect(violations('shared/new-folder/x.ts', repository)[0]).toContain('not in the table');
  });

  it('have no cycle among the folders of shared', () => {
    const edges = new Map(Object.entries(layers).filter(([area]) => area.startsWith('shared/')));
    const basics = new Set(['shared/model', 'shared/errors', 'shared/json']);
    const reach = (area: string, seen: readonly string[]): void => {
      expect(seen, `${seen.join(' -> ')} -> ${area}`).not.toContain(area);
      const next = (edges.get(area) ?? []).map((edge) => edge.replace('*', ''));
      for (const edge of next.filter((each) => !basics.has(each))) reach(edge, [...seen, area]);
    };
    for (const area of edges.keys()) if (!basics.has(area)) reach(area, []);
  });
});

describe('the product', () => {
  it('reads the environment in shared/settings only', () => {
    const readers = product.filter((source) => /\bprocess\s*\.\s*env\b/.test(source.code));
    expect(readers.map((source) => source.file)).toEqual(
      readers.map((source) => source.file).filter((file) => file.startsWith('shared/settings/')),
    );
    expect(readers.length).toBeGreaterThan(0);
  });

  it('speaks SQL in shared/repository only', () => {
    const statement =
      /[`'"]\s*(select\b[^`'"]*\bfrom\b|insert\s+into\b|update\s+\w+(\s+\w+)?\s+set\b|delete\s+from\b|create\s+(temp|table|index|unique)|alter\s+table|set\s+local|copy\s+\w+\s+from)/i;
    const speakers = product.filter((source) => statement.test(source.code));
    const elsewhere = speakers.filter((source) => !source.file.startsWith('shared/repository/'));
    expect(elsewhere.map((source) => source.file)).toEqual([]);
    expect(speakers.length).toBeGreaterThan(0);
  });

  it('has no folder or file named after nothing', () => {
    const vague = /(^|[/-])(utils?|helpers?|common|lib|managers?|misc)(\.ts$|\/|$|\.)/;
    const all = ['functions', 'shared', 'local', 'test', 'bench', 'cli', 'infra'].flatMap(
      filesBelow,
    );
    expect(all.filter((file) => vague.test(file))).toEqual([]);
    expect(vague.test('shared/json/string-utils.ts')).toBe(true);
    expect(vague.test('test/support/helpers/a.ts')).toBe(true);
  });

  it('suppresses no check and leaves nothing for later', () => {
    const marks = [
      'biome-' + 'ignore',
      '@ts-' + 'ignore',
      '@ts-' + 'expect-error',
      'oxlint-' + 'disable',
    ];
    const words = new RegExp(`${marks.join('|')}|\\b(TO${'DO'}|FIX${'ME'})\\b|\\.(skip|only)\\(`);
    const everything = sourceFiles('functions', 'shared', 'local', 'test', 'bench', 'cli');
    const guilty = everything.filter(({ file }) => words.test(textOf(file)));
    expect(guilty.map((source) => source.file)).toEqual([]);
  });
});

describe('reading code', () => {
  it('takes comments out and leaves strings and expressions', () => {
    expect(codeOnly("a('// no'); // yes\nb")).toBe("a('// no');  \nb");
    expect(codeOnly('a /* x\ny */ b')).toBe('a \n b');
    expect(codeOnly('x = /[\'"/*]/; // gone')).toBe('x = /[\'"/*]/;  ');
    const template = ['`a // $', '{b} /* c */`'].join('');
    expect(codeOnly(template)).toBe(template);
    expect(codeOnly('a / b / c // d')).toBe('a / b / c  ');
  });
});
