import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { BlockList, isIPv6, type LookupFunction } from 'node:net';
import { BackupError } from '../errors/backup-error.ts';

/** Address ranges that never leave a private network (RFC 1918, 4193, 6598, 3927, loopback). */
const privateRanges = new BlockList();
privateRanges.addSubnet('10.0.0.0', 8);
privateRanges.addSubnet('172.16.0.0', 12);
privateRanges.addSubnet('192.168.0.0', 16);
privateRanges.addSubnet('100.64.0.0', 10);
privateRanges.addSubnet('169.254.0.0', 16);
privateRanges.addSubnet('127.0.0.0', 8);
privateRanges.addSubnet('fc00::', 7, 'ipv6');
privateRanges.addSubnet('fe80::', 10, 'ipv6');
privateRanges.addAddress('::1', 'ipv6');

export function isPrivateAddress(address: string): boolean {
  // ::ffff:10.0.0.1 is checked as the IPv4 address that it is.
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return privateRanges.check(mapped);
  return privateRanges.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

type Resolve = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A lookup for sockets that fails when any address of the name is public: with a private endpoint a
 * public answer means that the private DNS zone is not linked, and traffic would leave the network.
 * The check sits in the lookup the socket uses, so that a second answer cannot slip past it.
 */
export function privateLookup(resolve: Resolve = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const refused = addresses.filter(({ address }) => !isPrivateAddress(address));
      if (refused.length > 0) return callback(publicAddress(hostname, refused.length), '', 0);
      const [first] = addresses;
      if (options.all === true) return callback(null, addresses);
      return callback(null, first?.address ?? '', first?.family);
    });
  };
}

function publicAddress(hostname: string, count: number): BackupError {
  return new BackupError(
    'publicAddressRefused',
    `the private name ${hostname} resolves to a public address`,
    { details: { hostname, publicAddresses: count } },
  );
}
