import { describe, expect, it } from 'vitest';
import { contains, isPublic, networks } from '../../src/inputs/networks.js';

describe('an address is public', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.1',
    '192.0.1.1',
    '198.20.0.1',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450:4001:80b::200e',
    '2001:4860:4860::8888',
  ])('%s', (address) => expect(isPublic(address)).toBe(true));
});

describe('an address is not public', () => {
  it.each([
    ['this machine', '127.0.0.1', '127.255.255.254', '0.0.0.0', '0.1.2.3', '::1', '::'],
    ['private', '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'],
    ['of this link', '169.254.0.1', 'fe80::1', 'febf::1', 'fe80::1%eth0', 'fec0::1'],
    ['cloud metadata', '169.254.169.254', '169.254.170.2', '100.100.100.200', 'fd00:ec2::254', '192.0.0.192'],
    ["behind a carrier's translation", '100.64.0.1', '100.127.255.255'],
    ['for protocols', '192.0.0.8', '192.88.99.1', '2001::1', '2001:1::1', '2001:20::1', '100::1'],
    ['for measuring', '198.18.0.1', '198.19.255.255', '2001:2::1'],
    ['in documents', '192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
    ['for many', '224.0.0.1', '239.255.255.255', 'ff02::1', '255.255.255.255', '240.0.0.1'],
    ['IPv4 mapped', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::ffff:0:127.0.0.1'],
    ['IPv4 compatible', '::127.0.0.1', '::a00:1'],
    ['6to4', '2002:7f00:1::', '2002:a00:1::1', '2002:a9fe:a9fe::1'],
    ['Teredo', '2001:0:7f00:1::', '2001::f5ff:fffe'],
    ['NAT64', '64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::a00:1'],
    ['ISATAP', '2a00:1::5efe:7f00:1', '2a00:1::200:5efe:a00:1', '2a00:1:2:3:0:5efe:10.0.0.1'],
    ['none at all', '', 'localhost', '1.2.3', '2130706433', '0x7f000001', '[::1]'],
  ])('%s', (_name, ...addresses) => expect(addresses.filter(isPublic)).toEqual([]));
});

describe('a list of networks', () => {
  it('has the addresses inside of it and no others', () => {
    const list = networks(['10.1.0.0/16', 'fd00:1::/32']);
    const inside = ['10.1.0.1', '10.1.255.255', 'fd00:1::5'];
    const outside = ['10.2.0.1', 'fd00:2::1', 'fd00:1::5%eth0', 'localhost', ''];
    expect([...inside, ...outside].filter((address) => contains(list, address))).toEqual(inside);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', 'fd00::/129', 'example.com/8', '10.0.0.0/8/8', '/8', '10.0.0.0/-1'])(
    'refuses %s',
    (block) => expect(() => networks([block])).toThrow(/expected a network such as 10.0.0.0\/8 but received/),
  );
});
