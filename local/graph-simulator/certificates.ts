/**
 * The simulator's own certificate authority: a root made at first start, a server certificate for
 * localhost signed by it, and self-signed certificates for app registrations. Clients trust the
 * root through `ca.pem`; nothing is added to the machine's trust store. The root's private key is
 * never written to disk, so nobody can issue further certificates under it.
 */
import './decorator-metadata.ts';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[0]);

const DAY_MS = 86_400_000;
const SERVER_DAYS = 397;
const RENEW_BEFORE_DAYS = 7;
const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

/** PEM texts and where they lie. `caFile` is what clients trust (EXTRA_CA_FILE). */
export interface ServerCertificates {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A certificate for an app registration: `certificate` is registered, `key` stays with the client. */
export interface ApplicationCertificate {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Returns the server certificate of this state folder; makes a new root and certificate when there
 * is none, when it does not verify, or when it ends within 7 days of `now`.
 */
export async function ensureCertificates(
  stateDir: string,
  now = new Date(),
): Promise<ServerCertificates> {
  const dir = join(stateDir, 'certificates');
  const files = {
    caFile: join(dir, 'ca.pem'),
    certificateFile: join(dir, 'server.pem'),
    keyFile: join(dir, 'server-key.pem'),
  };
  const stored = await readStored(files);
  if (stored && isUsable(stored, now)) return { ...stored, ...files };
  const made = await makeServerCertificate(now);
  await mkdir(dir, { recursive: true });
  await writeFile(files.keyFile, made.key, { mode: 0o600 });
  await writeFile(files.certificateFile, made.certificate);
  await writeFile(files.caFile, made.ca);
  return { ...made, ...files };
}

/** A self-signed RSA certificate, as an administrator would upload it to an app registration. */
export async function createApplicationCertificate(
  commonName: string,
  validity: { notBefore: Date; notAfter: Date } = {
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
  },
): Promise<ApplicationCertificate> {
  const keys = await webcrypto.subtle.generateKey(RSA, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${commonName}`,
    ...validity,
    signingAlgorithm: RSA,
    keys,
  });
  return { certificate: certificate.toString('pem'), key: await privatePem(keys.privateKey) };
}

type Pems = Pick<ServerCertificates, 'ca' | 'certificate' | 'key'>;

async function readStored(files: {
  caFile: string;
  certificateFile: string;
  keyFile: string;
}): Promise<Pems | undefined> {
  try {
    const [ca, certificate, key] = await Promise.all([
      readFile(files.caFile, 'utf8'),
      readFile(files.certificateFile, 'utf8'),
      readFile(files.keyFile, 'utf8'),
    ]);
    return { ca, certificate, key };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A file cut by a crash or edited by hand does not parse: then new ones are made. */
function isUsable(pems: Pems, now: Date): boolean {
  try {
    const ca = new X509Certificate(pems.ca);
    const server = new X509Certificate(pems.certificate);
    const latest = now.getTime() + RENEW_BEFORE_DAYS * DAY_MS;
    return (
      server.validToDate.getTime() > latest &&
      server.validFromDate.getTime() <= now.getTime() &&
      server.verify(ca.publicKey) &&
      server.checkHost('localhost') !== undefined &&
      server.checkIP('127.0.0.1') !== undefined &&
      pems.key.includes('PRIVATE KEY') &&
      server.checkPrivateKey(createPrivateKey(pems.key))
    );
  } catch {
    return false;
  }
}

async function makeServerCertificate(now: Date): Promise<Pems> {
  const notBefore = new Date(now.getTime() - DAY_MS);
  const notAfter = new Date(now.getTime() + SERVER_DAYS * DAY_MS);
  const rootKeys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=Graph simulator root, O=Contoso',
    notBefore,
    notAfter,
    signingAlgorithm: EC,
    keys: rootKeys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const serverKeys = await webcrypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  const server = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=localhost',
    issuer: root.subject,
    notBefore,
    notAfter,
    signingKey: rootKeys.privateKey,
    publicKey: serverKeys.publicKey,
    signingAlgorithm: EC,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
    ],
  });
  return {
    ca: root.toString('pem'),
    certificate: server.toString('pem'),
    key: await privatePem(serverKeys.privateKey),
  };
}

/** 16 random bytes with the top bit clear: a positive serial number (RFC 5280 4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(bytes).toString('hex');
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
