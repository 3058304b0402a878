import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedSections, withSection } from '../../local/generated-docs.ts';
import { settingRows } from '../../shared/settings/setting-rows.ts';

const root = path.join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

describe('the documents', () => {
  it.each(Object.entries(generatedSections))(
    'hold the current section %s (else: npm run catalog)',
    (name, { file, text }) => {
      const document = read(file);
      expect(document).toBe(withSection(document, name, text()));
    },
  );

  it('refuse a document without the marks of its section', () => {
    expect(() => withSection('# Title', 'support', '')).toThrow(/marks of section support/);
  });

  it('describe every setting', () => {
    const settings = read('docs/settings.md');
    for (const { name } of settingRows) expect(settings).toContain(`\`${name}\``);
  });

  it('link only to files that are there, and name only scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const file of ['README.md', 'docs/architecture.md', 'docs/adding-an-object-type.md']) {
      const text = read(file);
      for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
        expect(existsSync(path.join(root, path.dirname(file), target)), target).toBe(true);
      }
      for (const [, name = ''] of text.matchAll(/npm run ([a-z:]+)/g)) {
        expect(scripts, file).toHaveProperty([name]);
      }
    }
  });
});
