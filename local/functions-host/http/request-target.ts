/** The request cannot be understood; it is answered with 400 before anything is looked up. */
export class BadRequestError extends Error {
  override name = 'BadRequestError';
}

/** Where a request goes. */
export interface RequestTarget {
  /** Absolute, with the Host header's authority. */
  url: URL;
  /** The path as the real host's server hands it to its router. */
  segments: string[];
}

// Kestrel decodes everything but %2F, which would otherwise be taken for the end of a segment
// (https://learn.microsoft.com/aspnet/core/fundamentals/servers/kestrel).
function decodeSegment(text: string): string {
  try {
    const decoded = text.split(/(%2f)/i).map((part) => {
      return /^%2f$/i.test(part) ? part : decodeURIComponent(part);
    });
    return decoded.join('');
  } catch (cause) {
    throw new BadRequestError('the path holds a malformed escape', { cause });
  }
}

/** Segments without the root, `.` and `..` resolved; a slash at the end counts for nothing. */
function readSegments(path: string): string[] {
  const segments: string[] = [];
  for (const part of path.split('/').slice(1).map(decodeSegment)) {
    if (part.includes('\0')) throw new BadRequestError('the path holds a NUL');
    if (part === '..') segments.pop();
    else if (part !== '.') segments.push(part);
  }
  if (segments.at(-1) === '') segments.pop();
  return segments;
}

/**
 * Reads the target of a request line, which may be a path or a whole address.
 * @param host value of the Host header
 * @throws BadRequestError
 */
export function readTarget(target: string, host: string): RequestTarget {
  const [, authority, rest] = /^https?:\/\/([^/?]*)(.*)$/i.exec(target) ?? [];
  const local = rest ?? target;
  if (!/^[/?]|^$/.test(local)) throw new BadRequestError('the target is no path');
  const url = URL.parse(`http://${authority ?? host}${local}`);
  if (!url) throw new BadRequestError('the Host header is no host');
  return { url, segments: readSegments(local.split('?', 1)[0] ?? '') };
}
