/**
 * A process of its own that serves one pre-rendered, compressed page of users over https, and the
 * sign-in the Graph client needs before. Prints `port` when it listens; ends with its parent.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { ensureCertificates } from '../../local/graph-simulator/certificates.ts';
import { userPage } from './user-page.ts';

const [stateDir = '', count = '999'] = process.argv.slice(2);
const certificates = await ensureCertificates(stateDir);
const page = gzipSync(userPage(Number(count)));
const server = createServer(
  { cert: certificates.certificate, key: certificates.key, keepAliveTimeout: 60_000 },
  (request, response) => {
    request.resume();
    if (!request.url?.includes('/v2.0/')) {
      response.writeHead(200, {
        'content-type': 'application/json;odata.metadata=minimal',
        'content-encoding': 'gzip',
        'content-length': page.length,
      });
      response.end(page);
      return;
    }
    const base = `https://${request.headers.host}${request.url.split('/').slice(0, 2).join('/')}`;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        token_type: 'Bearer',
        expires_in: 3600,
        access_token: 'token',
        issuer: `${base}/v2.0`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        jwks_uri: `${base}/discovery/v2.0/keys`,
      }),
    );
  },
);
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => process.exit(0));
