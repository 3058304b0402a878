// A misspelt activity, or a file that main.ts does not load, makes an orchestration wait for ever
// without an error. This finds both in the sources, at build time and in a test.
import path from 'node:path';

interface Definition {
  readonly kind: 'activity' | 'orchestration' | 'function';
  readonly name: string;
  readonly file: string;
}

const definitions = /\bdefine(Activity|Orchestration)\s*(?:<[^()]*>)?\s*\(\s*['"]([^'"]+)['"]/g;
const otherFunctions = [
  /\bdefine\w*Route\s*(?:<[^()]*>)?\s*\(\s*\{\s*name:\s*['"]([^'"]+)['"]/g,
  /\bapp\s*\.\s*timer\(\s*['"]([^'"]+)['"]/g,
];
const calls: readonly (readonly [Definition['kind'], RegExp])[] = [
  ['activity', /\bcallActivity(?:WithRetry)?\(\s*['"]([^'"]+)['"]/g],
  ['orchestration', /\bcallSubOrchestrator(?:WithRetry)?\(\s*['"]([^'"]+)['"]/g],
  ['orchestration', /\bstartNew\(\s*['"]([^'"]+)['"]/g],
];
const registrations =
  /(?<!function )\b(define(Activity|Orchestration|Route)\b[^;]{0,200}?\(|app\s*\.\s*(http|timer)\s*\()/;

/** One line per problem; `files` maps paths such as `functions/main.ts` to their text. */
export function checkDurableNames(files: ReadonlyMap<string, string>): string[] {
  const defined = [...files].flatMap(([file, text]): Definition[] =>
    [...text.matchAll(definitions)].map(([, kind, name = '']) => ({
      kind: kind === 'Activity' ? 'activity' : 'orchestration',
      name,
      file,
    })),
  );
  const others = [...files].flatMap(([file, text]): Definition[] =>
    otherFunctions.flatMap((form) =>
      [...text.matchAll(form)].map(([, name = '']) => ({ kind: 'function', name, file })),
    ),
  );
  return [
    ...doubled([...defined, ...others]),
    ...notLoaded(files),
    ...unknownCalls(files, defined),
  ];
}

function doubled(defined: readonly Definition[]): string[] {
  const seen = new Set<string>();
  return defined.flatMap(({ name, file }) => {
    // the platform does not tell names by case
    const again = seen.has(name.toLowerCase());
    seen.add(name.toLowerCase());
    return again ? [`${file}: '${name}' is defined twice`] : [];
  });
}

function notLoaded(files: ReadonlyMap<string, string>): string[] {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    const text = files.get(file);
    if (text === undefined || reached.has(file)) return;
    reached.add(file);
    for (const [, target = ''] of text.matchAll(/['"](\.{1,2}\/[^'"]+\.ts)['"]/g)) {
      visit(path.posix.normalize(path.posix.join(path.posix.dirname(file), target)));
    }
  };
  visit('functions/main.ts');
  return [...files.keys()]
    .filter((file) => !file.startsWith('functions/durable/'))
    .filter((file) => registrations.test(files.get(file) ?? '') && !reached.has(file))
    .map((file) => `${file} is not loaded from functions/main.ts`);
}

function unknownCalls(
  files: ReadonlyMap<string, string>,
  defined: readonly Definition[],
): string[] {
  const known = new Set(defined.map(({ kind, name }) => `${kind} ${name}`));
  return [...files].flatMap(([file, text]) =>
    calls.flatMap(([kind, form]) =>
      [...text.matchAll(form)]
        .filter(([, name = '']) => !known.has(`${kind} ${name}`))
        .map(([, name]) => `${file} calls the ${kind} '${name}', which nobody defines`),
    ),
  );
}
