import { HubError } from '../../hub/model/error.ts';

/** Where a camera is and how it is asked. */
export interface Address {
  host: string;
  port: number;
  /** `rtsps:` */
  tls: boolean;
  user: string | undefined;
  password: string;
  /** What requests name: without user, password and the settings that are the hub's own. */
  uri: string;
  transport: 'tcp' | 'udp';
}

/** The value of a setting that stands in an address's query for the hub and not for the camera, and the address without it. */
export function setting(address: string, name: string): { value: string | undefined; rest: string } {
  let value: string | undefined;
  const rest = address.replace(new RegExp(`([?&])${name}=([^&]*)(&|$)`), (_, before: string, found: string, after) => {
    value = found;
    return after ? before : '';
  });
  return { value, rest };
}

const plain = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a password with a bare % is meant as it stands
  }
};

const wrong = (message: string): HubError => new HubError('camera.address', message);

/**
 * Reads `rtsp[s]://[user:password@]host[:port]/path[?…]`. The last @ before the path ends the password, as cameras' passwords hold
 * others. Throws `HubError('camera.address')`, which does not repeat the address.
 */
export function readAddress(address: string): Address {
  if (/[\0-\x20\x7f]/.test(address)) throw wrong('The address holds spaces or control characters: write them as %20.');
  const { value: transport, rest } = setting(address, 'transport');
  const [, scheme, authority, path] = /^(rtsps?):\/\/([^/?#]+)(.*)$/.exec(rest) ?? [];
  if (!scheme || !authority) throw wrong('The address is no rtsp:// with a host.');
  const at = authority.lastIndexOf('@');
  const where = authority.slice(at + 1);
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(where) ?? [];
  if (!host) throw wrong('The address names no host or port: in a password write / as %2F, ? as %3F and # as %23.');
  const number = port === undefined ? (scheme === 'rtsps' ? 322 : 554) : Number(port);
  if (number < 1 || number > 65_535) throw wrong('The port of the address is not between 1 and 65535.');
  const who = at < 0 ? undefined : authority.slice(0, at);
  const colon = who?.indexOf(':') ?? -1;
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: number,
    tls: scheme === 'rtsps',
    user: who === undefined ? undefined : plain(colon < 0 ? who : who.slice(0, colon)),
    password: who === undefined || colon < 0 ? '' : plain(who.slice(colon + 1)),
    uri: `${scheme}://${where}${path}`,
    transport: transport === 'udp' ? 'udp' : 'tcp',
  };
}
