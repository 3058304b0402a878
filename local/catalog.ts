// `npm run catalog`: writes the generated sections into the documents.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generatedSections, withSection } from './generated-docs.ts';

for (const [name, { file, text }] of Object.entries(generatedSections)) {
  const target = path.join(import.meta.dirname, '..', file);
  const before = readFileSync(target, 'utf8');
  const after = withSection(before, name, text());
  if (after !== before) writeFileSync(target, after);
  console.log(`${file}: ${name} ${after === before ? 'is up to date' : 'written'}`);
}
