import { BlockList, isIP } from 'node:net';

/** Whether an address or host name reaches this machine only. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(address);
}

/** Whose an address is, for limits: itself, or of IPv6 the network of 64 bits, of which one machine has every address. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = plain.toLowerCase().split('::');
  const groups = head.split(':').filter(Boolean);
  // Behind `::` stand the last ones.
  const rest = tail === undefined ? [] : tail.split(':').filter(Boolean);
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0');
  const all = [...groups, ...zeros, ...rest].map((each) => each.replace(/^0+(?=.)/, ''));
  return `${all.slice(0, 4).join(':')}::/64`;
}

/** Private, unique local and loopback networks. Link-local ones are not among them: clouds answer there with their own keys. */
const near = ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1/128', 'fc00::/7'];

/** Adds `10.1.0.0/16` or a single address; false when it is neither. */
function add(list: BlockList, network: string): boolean {
  const [address = '', length, more] = network.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined) return false;
  const most = family === 4 ? 32 : 128;
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : NaN;
  if (!(bits <= most)) return false;
  list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  return true;
}

/** This host, link-local and multicast addresses: nobody's mail box, and behind some of them clouds give out their keys. */
const nobodys = ['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '::/128', 'fe80::/10', 'ff00::/8'];

/** Whether an IP address is one at which no receiver of notices stands. */
export const isNobodys = (address: string): boolean => among(nobodys)(address);

export const isNetwork = (text: string): boolean => add(new BlockList(), text);

/**
 * Whether cameras may be asked at an IP address: private and loopback ones, and the networks given (each `address/bits`). What
 * an administrator types must not make the hub ask servers of others.
 */
export const reaching = (networks: readonly string[] = []): ((address: string) => boolean) =>
  among([...near, ...networks]);

function among(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const each of networks) add(list, each);
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}
