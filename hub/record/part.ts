import type { StartPart } from '../platform/part.ts';
import { Recorder } from './batch.ts';
import { Follower } from './log.ts';
import { Ticker } from './ticker.ts';

/** The one writer: follows the log into the store, and turns the clocks. */
export const start: StartPart = async ({ bus, store, world, log, settings }) => {
  const follower = new Follower(bus, new Recorder(store, world), log);
  await follower.start();
  const ticker = new Ticker({ store, bus, world, log, demo: settings.demo, isReady: () => follower.hasCaughtUp });
  ticker.start();
  return {
    stop: async () => {
      await ticker.stop();
      await follower.stop();
    },
  };
};
