import type { Worker } from 'node:worker_threads';
import { HubError } from '../hub/model/error.ts';
import type { OnvifDevice, OnvifFound } from '../hub/model/cameraApi.ts';
import { reaching } from '../hub/platform/address.ts';
import { startThread } from '../hub/platform/thread.ts';
import { channelsOf } from './onvifProfiles.ts';
import type { OnvifAsk, OnvifFault, OnvifSaid } from './onvifThread.ts';

export interface OnvifOptions {
  /** Names of the network interfaces on which devices are looked for; without any, nobody is. */
  interfaces?: readonly string[] | undefined;
  /** Networks beside the private ones in which devices may be asked. */
  networks?: readonly string[] | undefined;
  /** How long a search waits for answers. Default 3,000. */
  searchMs?: number;
  /** How long a device may take for all its answers. Default 9,000. */
  askMs?: number;
}

/** A device and who asks it. */
export interface OnvifQuestion {
  host: string;
  port: number;
  path: string;
  user: string;
  password: string;
}

const MOST_FOUND = 256;
const MOST_BYTES = 1024 * 1024;
const AT_ONCE = 3;
const THREAD_MB = 64;

const words: Record<OnvifFault, string> = {
  password: 'the device refuses this user name and password',
  silent: 'the device does not answer',
  broken: 'what answers there is no ONVIF device that can be understood',
  large: 'the device answers too much',
  outside: 'the address is not in a private network (CAMERA_NETWORKS names others)',
};
const faulty = (fault: OnvifFault): HubError => new HubError(`onvif.${fault}`, words[fault]);

/** Finds devices and asks them for their streams; each question in a thread of its own. */
export class Onvif {
  readonly #options: OnvifOptions;
  readonly #threads = new Set<Worker>();
  #searching: Promise<OnvifFound[]> | undefined;
  #asking = 0;

  constructor(options: OnvifOptions = {}) {
    this.#options = options;
  }

  /** Devices on the interfaces of the setting, at most 256. Throws `onvif.off` where none is set. */
  discover(): Promise<OnvifFound[]> {
    const { interfaces = [], networks, searchMs = 3_000 } = this.#options;
    if (interfaces.length === 0)
      return Promise.reject(new HubError('onvif.off', 'no network is searched: set ONVIF_INTERFACES'));
    // Two who press the button hear the same.
    this.#searching ??= this.#search(interfaces, reaching(networks), searchMs).finally(
      () => (this.#searching = undefined),
    );
    return this.#searching;
  }

  async #search(
    interfaces: readonly string[],
    mayReach: (address: string) => boolean,
    ms: number,
  ): Promise<OnvifFound[]> {
    const found: OnvifFound[] = [];
    await this.#run({ ask: 'discover', interfaces, ms }, ms + 500, (said) => {
      if ('found' in said && mayReach(said.found.host)) found.push(said.found);
      return found.length >= MOST_FOUND;
    });
    return found.sort((a, b) => a.host.localeCompare(b.host, 'en', { numeric: true }));
  }

  /** Throws `onvif.password`, `onvif.silent`, `onvif.broken`, `onvif.large`, `onvif.outside` or `onvif.busy`. */
  async ask(question: OnvifQuestion): Promise<OnvifDevice> {
    if (this.#asking >= AT_ONCE) throw new HubError('onvif.busy', 'other devices are being asked; again in a moment');
    const { networks = [], askMs = 9_000 } = this.#options;
    let device: OnvifDevice | undefined;
    let fault: OnvifFault | undefined;
    this.#asking += 1;
    try {
      await this.#run({ ask: 'streams', ...question, networks, bytes: MOST_BYTES }, askMs, (said) => {
        if ('fault' in said) fault = said.fault;
        else if ('streams' in said)
          device = { channels: channelsOf(said.streams), ...(said.name === undefined ? {} : { name: said.name }) };
        return true;
      });
    } finally {
      this.#asking -= 1;
    }
    if (!device) throw faulty(fault ?? 'silent');
    return device;
  }

  /** Until the thread ends, `hear` has heard enough, or the time is over. */
  async #run(ask: OnvifAsk, ms: number, hear: (said: OnvifSaid) => boolean): Promise<void> {
    const thread = await startThread(new URL('./onvifThread.ts', import.meta.url), 'onvif', {
      workerData: ask,
      resourceLimits: { maxOldGenerationSizeMb: THREAD_MB },
      stderr: true,
    });
    this.#threads.add(thread);
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
        thread.on('message', (said: OnvifSaid) => hear(said) && resolve());
        // What it cannot bear (its memory, for example) ends it; what was heard until then counts.
        thread.on('error', () => resolve());
        thread.on('exit', () => resolve());
      });
    } finally {
      clearTimeout(timer);
      await thread.terminate();
      this.#threads.delete(thread);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#threads].map((thread) => thread.terminate()));
  }
}
