import { z } from 'zod';
import type { CameraCheck, OnvifDevice, OnvifFound } from '../model/cameraApi.ts';
import { sourceOf } from '../model/camera.ts';
import { HubError } from '../model/error.ts';
import { reaching } from '../platform/address.ts';
import type { CameraRecord } from '../platform/camera.ts';
import type { Context } from '../platform/part.ts';
import { account, addressesOf, addressesThere } from './cameraAddress.ts';
import type { Asking, Route } from './gate.ts';
import { away, conflict, read, Refusal } from './problem.ts';

/** The stream part takes ten seconds for a test and nine for a device; a search lasts three. */
const checkWithin = 13_000;
const deviceWithin = 11_000;
const searchWithin = 6_000;

const savedCheckBody = z.strictObject({ quality: z.enum(['main', 'sub']).default('main') });
const checkBody = z.strictObject({
  address: z.string().min(1).max(2_000),
  transport: z.enum(['tcp', 'udp']).default('tcp'),
  ...account,
});
const deviceBody = z.strictObject({
  host: z
    .string()
    .max(253)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9:])?$/, 'expected an address such as 192.168.1.64 or a host name'),
  port: z.int().min(1).max(65_535).default(80),
  path: z
    .string()
    .max(200)
    .regex(/^\/[\x21-\x7e]*$/, 'expected a path that begins with /')
    .default('/onvif/device_service'),
  ...account,
});

/** Live tests and ONVIF: asked of the stream part, which stands where the cameras can be reached. */
export function cameraCheckRoutes(
  context: Context,
  find: (asking: Asking) => Promise<CameraRecord | Refusal>,
  describe: (asking: Asking, act: 'tested', camera: CameraRecord) => Promise<Refusal | undefined>,
): Route[] {
  const { bus, seal, settings } = context;
  const sealed = (text: string): string => seal.seal(text).toString('base64');
  const mayReach = reaching(settings.cameraNetworks);

  function check(address: string, transport: 'tcp' | 'udp'): Promise<CameraCheck | Refusal> {
    const isUdp = transport === 'udp' && sourceOf(address) === 'rtsp' && !/[?&]transport=/.test(address);
    const url = isUdp ? `${address}${address.includes('?') ? '&' : '?'}transport=udp` : address;
    return reached(() => bus.ask<CameraCheck>('stream.check', { address: sealed(url) }, checkWithin));
  }

  return [
    {
      method: 'POST',
      url: '/cameras/:id/check',
      needs: 'camera.manage',
      handle: async (asking): Promise<CameraCheck | Refusal> => {
        const input = read(savedCheckBody, asking.body ?? {});
        if (input instanceof Refusal) return input;
        const record = await find(asking);
        if (record instanceof Refusal) return record;
        const isSub = input.quality === 'sub' && record.subAddress !== undefined;
        // The administrator sees a picture of people at a window: the ledger keeps that.
        const refused = await describe(asking, 'tested', record);
        if (refused) return refused;
        if (record.kind === 'push' && !isSub)
          return reached(() => bus.ask<CameraCheck>('stream.check', { camera: record.id }, checkWithin));
        const there = await addressesThere(context, record.id);
        const address = (isSub ? there.subAddress : there.address) ?? there.address;
        return check(address, record.transport);
      },
    },
    {
      method: 'POST',
      url: '/camera-checks',
      needs: 'camera.manage',
      handle: async ({ body }): Promise<CameraCheck | Refusal> => {
        const input = read(checkBody, body);
        if (input instanceof Refusal) return input;
        const addresses = addressesOf({ address: input.address }, input.user, input.password, mayReach);
        if (addresses instanceof Refusal) return addresses;
        if (addresses.address === 'push:')
          return { ok: false, reason: 'an encoder brings these pictures: save the camera, let it push, then test' };
        return check(addresses.address!, input.transport);
      },
    },
    {
      method: 'POST',
      url: '/onvif/search',
      needs: 'camera.manage',
      handle: (): Promise<OnvifFound[] | Refusal> =>
        reached(() => bus.ask<OnvifFound[]>('stream.discover', {}, searchWithin)),
    },
    {
      method: 'POST',
      url: '/onvif/device',
      needs: 'camera.manage',
      handle: async ({ body }): Promise<OnvifDevice | Refusal> => {
        const input = read(deviceBody, body);
        if (input instanceof Refusal) return input;
        const { user = '', password = '', ...rest } = input;
        const question = { ...rest, user, password: sealed(password) };
        return reached(() => bus.ask<OnvifDevice>('stream.onvif', question, deviceWithin));
      },
    },
  ];
}

/** What the parts that are asked say of themselves and of cameras; nobody there is a 503. */
export async function reached<T>(ask: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    if (/\.(away|busy)$/.test(error.code)) return away(error.message);
    if (error.code.startsWith('onvif.')) return conflict('host', error.message);
    throw error;
  }
}
