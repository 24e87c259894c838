/** A recorder in a process of its own, to be killed: writes one segment again and again, as fast as the disk takes it. */
import './today.ts';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '../../hub/platform/log.ts';
import { connectStore } from '../../hub/platform/postgres.ts';
import { Index } from '../../stream/recording/index.ts';
import { Writer } from '../../stream/recording/write.ts';

const [url, folder, init, media, camera, hall, from] = process.argv.slice(2) as [string, ...string[]];
const log = createLog('silent');
const store = await connectStore({ url, log });
const index = new Index(store, log);
const writer = new Writer({ folder: folder!, index, changed: () => {}, refused: () => {} });
const [initBytes, bytes] = await Promise.all([readFile(init!), readFile(media!)]);
const begin = Number(from);
for (let count = 0; ; count++) {
  writer.take({
    camera: camera!,
    hall: hall!,
    at: begin + count * 1000,
    duration: 1,
    cameraAt: begin + count * 1000 - 7000,
    independent: true,
    broken: count === 0,
    bytes,
    init: initBytes,
  });
  if (count % 10 === 9) process.stdout.write(`${count + 1}\n`);
  await sleep(5);
}
