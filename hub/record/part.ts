import type { StartPart } from '../platform/part.ts';
import { Recorder } from './batch.ts';
import { Follower } from './log.ts';
import { Ticker } from './ticker.ts';

/** The one writer: follows the log into the store, and turns the clocks. */
export const start: StartPart = async ({ bus, store, world, seal, log, settings }) => {
  const recorder = new Recorder(store, world);
  const follower = new Follower(bus, recorder, log);
  follower.start();
  const ticker = new Ticker({ store, bus, world, seal, log, demo: settings.demo, isReady: () => follower.hasCaughtUp });
  ticker.start();
  // A command that is repeated after its verdict was announced is told it again.
  const forget = bus.answer<{ id: string }>('record.verdict', async ({ id }) => (await recorder.verdictOf(id)) ?? null);
  return {
    stop: async () => {
      forget();
      await ticker.stop();
      await follower.stop();
    },
  };
};
