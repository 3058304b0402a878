// A TLS socket cannot send a TCP reset ("this handle type cannot be sent"); the socket below it
// can. This remembers which one that is.
import type { Server } from 'node:https';
import type { Socket } from 'node:net';

const below = new WeakMap<Socket, Socket>();

const nameOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;

/** Must be called before the server takes its first connection. */
export function trackRawSockets(server: Server): void {
  const open = new Map<string, Socket>();
  server.on('connection', (raw: Socket) => {
    const name = nameOf(raw);
    open.set(name, raw);
    raw.once('close', () => open.delete(name));
  });
  server.on('secureConnection', (secure) => {
    const raw = open.get(nameOf(secure));
    if (raw) below.set(secure, raw);
  });
}

/** Ends the connection of this TLS socket with a TCP reset. */
export function resetConnection(secure: Socket): void {
  const raw = below.get(secure);
  if (!raw) throw new Error('the server of this connection does not track its sockets');
  raw.resetAndDestroy();
}
