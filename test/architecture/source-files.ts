// The sources as the architecture tests see them: files, imports, code without comments.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { codeOnly } from './code-only.ts';

export const root = path.resolve(import.meta.dirname, '..', '..');

const ignored = new Set(['node_modules', 'dist', '.git', '.local', '.vitest', 'coverage']);

/** All files below `folder`, relative to the checkout, with `/`. */
export function filesBelow(folder: string): string[] {
  const absolute = path.join(root, folder);
  if (!statSync(absolute, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(absolute, { withFileTypes: true }).flatMap((entry) => {
    if (ignored.has(entry.name)) return [];
    const name = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(name) : [name];
  });
}

export interface Import {
  /** Path relative to the checkout for our own files, else the package or `node:` module. */
  readonly target: string;
  readonly isPackage: boolean;
  /** `import type` or `export type`: gone at run time. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  readonly file: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

export function sourceFiles(...folders: string[]): SourceFile[] {
  return folders
    .flatMap(filesBelow)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => parse(file, readFileSync(path.join(root, file), 'utf8')));
}

const importForms = [
  /\b(?:import|export)\s+(type\s)?[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/g,
  /\bimport\s*()['"]([^'"]+)['"]/g,
  /\bimport\s*()\(\s*['"]([^'"]+)['"]/g,
];

export function parse(file: string, text: string): SourceFile {
  const code = codeOnly(text);
  const imports = importForms.flatMap((form) =>
    [...code.matchAll(form)].map(([, type, target = '']): Import => {
      const isPackage = !target.startsWith('.');
      const own = path.posix.normalize(path.posix.join(path.posix.dirname(file), target));
      return {
        target: isPackage ? target : own,
        isPackage,
        typeOnly: type !== undefined && type !== '',
      };
    }),
  );
  return { file, code, imports };
}
