import type { Context } from '../hub/platform/part.ts';
import type { Cameras } from './cameras.ts';
import { Checks } from './check.ts';
import { Onvif, type OnvifQuestion } from './onvif.ts';

/** A secret that travels over the bus: sealed with the key that all processes of a hub share, base64. */
type Sealed = string;

/**
 * What an administrator asks while cameras are set up: `stream.discover`, `stream.onvif` and `stream.check`. Answered here because
 * this part stands where the cameras can be reached.
 */
export function answerSetup(
  { bus, seal, settings, log }: Pick<Context, 'bus' | 'seal' | 'settings' | 'log'>,
  cameras: Pick<Cameras, 'find'>,
): { stop: () => Promise<void> } {
  const { onvifInterfaces: interfaces, cameraNetworks: networks } = settings;
  const onvif = new Onvif({ interfaces, networks });
  const checks = new Checks({ log, cameras, networks });
  const open = (sealed: Sealed): string => seal.open(Buffer.from(sealed, 'base64'));
  const answers = [
    bus.answer('stream.discover', () => onvif.discover()),
    bus.answer<Omit<OnvifQuestion, 'password'> & { password: Sealed }>('stream.onvif', ({ password, ...question }) =>
      onvif.ask({ ...question, password: open(password) }),
    ),
    bus.answer<{ address: Sealed } | { camera: string }>('stream.check', (question) =>
      checks.check('address' in question ? { address: open(question.address) } : question),
    ),
  ];
  return {
    async stop() {
      for (const silence of answers) silence();
      await Promise.all([onvif.stop(), checks.stop()]);
    },
  };
}
