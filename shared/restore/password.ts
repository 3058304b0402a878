import { randomInt } from 'node:crypto';

const classes = ['abcdefghijkmnopqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789', '!#%+:=?@'];
const length = 24;

/**
 * A random password that meets the rules of Entra (three of four classes, 8 to 256 characters):
 * 24 characters, one of each class at least, without characters that look alike.
 * https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy
 */
export function makePassword(): string {
  const all = classes.join('');
  const characters = classes.map(pick);
  while (characters.length < length) characters.push(pick(all));
  for (let last = characters.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    const kept = characters[last] ?? '';
    characters[last] = characters[other] ?? '';
    characters[other] = kept;
  }
  return characters.join('');
}

function pick(from: string): string {
  return from[randomInt(from.length)] ?? '';
}
