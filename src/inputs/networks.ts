import { BlockList, isIP } from 'node:net';

/**
 * Addresses that are not public: this machine, its neighbours, what only stands in examples, and what carries another
 * address inside. Cloud metadata (169.254.169.254, 100.100.100.200, fd00:ec2::254) is in these ranges.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const specialIPv4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/**
 * Public IPv6 addresses are in 2000::/3. Outside of it lie loopback, unique-local, link-local, site-local and multicast ones, and
 * IPv4 in IPv6: mapped, compatible, translated and NAT64, well-known (64:ff9b::/96) and local (64:ff9b:1::/48).
 *
 * @see https://www.iana.org/assignments/ipv6-address-space
 */
const globalIPv6 = '2000::/3';

/**
 * Of those, the ones that are not public: protocol assignments with Teredo in them, documentation, 6to4.
 *
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const specialIPv6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

/** An IPv4 address behind an interface identifier of ISATAP, which a router may unpack. RFC 5214 §6.1. */
const isatap = /^(?:[0-9a-f]{1,4}:){4}(?:0200|200|0000|0):5efe:/;

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** A set of networks from their CIDR notations. @throws RangeError where one is none */
export function networks(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', length = '', ...more] = block.split('/');
    const most = isIP(address) === 6 ? 128 : 32;
    if (more.length > 0 || isIP(address) === 0 || !/^\d{1,3}$/.test(length) || Number(length) > most)
      throw new RangeError(`expected a network such as 10.0.0.0/8 but received ${JSON.stringify(block)}`);
    list.addSubnet(address, Number(length), family(address));
  }
  return list;
}

const special = networks([...specialIPv4, ...specialIPv6]);
const global = networks([globalIPv6]);

/** Whether all of the internet reaches the same machine at this address. */
export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4');
    case 6:
      // A zone (`%eth0`) names one of our own interfaces.
      return (
        !address.includes('%') &&
        global.check(address, 'ipv6') &&
        !special.check(address, 'ipv6') &&
        !hidesIPv4(address)
      );
    default:
      return false;
  }
}

/** Whether a list of networks has this address. */
export function contains(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && !address.includes('%') && list.check(address, family(address));
}

function hidesIPv4(address: string): boolean {
  return isatap.test(expanded(address));
}

/** Eight groups, none left out. */
function expanded(address: string): string {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  if (tail === undefined) return head;
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const missing = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...Array<string>(missing).fill('0'), ...groups(tail)].join(':');
}
