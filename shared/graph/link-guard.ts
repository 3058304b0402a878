import { BackupError } from '../errors/backup-error.ts';
import type { GraphRequest } from './graph-request.ts';

const maximumLength = 16_384;

/**
 * Refuses a nextLink or deltaLink that leads anywhere else than to the list it came from: a link is
 * data, and following it sends our token. Compares text, never a normalised URL, because the text
 * is what is sent. Throws graphLinkRefused; details.reason says which rule failed.
 */
export function checkLink(link: string, request: GraphRequest, origin: string): void {
  const reason = reasonToRefuse(link, request, origin);
  if (reason === undefined) return;
  throw new BackupError('graphLinkRefused', `a link of graph was refused: ${reason}`, {
    details: { reason, length: link.length },
  });
}

function reasonToRefuse(link: string, request: GraphRequest, origin: string): string | undefined {
  if (link.length > maximumLength) return 'it is too long';
  // Printable ASCII only; `\` and `#` mean different things to different URL parsers.
  if (!/^[\x21-\x7e]+$/.test(link) || /[\\#<>"^`{|}]/.test(link)) {
    return 'it has characters that do not belong in a url';
  }
  if (!link.startsWith('https://')) return 'it is not https';
  if (!link.startsWith(`${origin}/`)) return 'it names another host or port';
  const start = `${origin}/${request.apiVersion}`;
  if (!link.startsWith(`${start}/`)) return 'it names another version';
  const path = link.slice(start.length).split('?', 1)[0] ?? '';
  // Equal as text, so a path with `..` or encoded slashes can only be that of the request itself.
  if (resourceOf(path) !== resourceOf(request.path)) return 'it names another resource';
  return undefined;
}

/** Graph writes the same list as `/users/delta`, `/users/delta()` or `/users/microsoft.graph.delta`. */
function resourceOf(path: string): string {
  return path
    .toLowerCase()
    .replace(/\(\)(?=\/|$)/g, '')
    .replace(/\/microsoft\.graph\.delta$/, '/delta');
}
