import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** `through` passes; `cut` refuses and breaks what is open; `hole` takes everything and answers nothing. */
export type LinkState = 'through' | 'cut' | 'hole';

export interface Link {
  /** `http://127.0.0.1:port` */
  address: string;
  state: LinkState;
  /** Every piece, in both directions, comes so much later. */
  delayMs: number;
  /** Breaks every open connection now, in the middle of whatever it carries. */
  breakAll(): void;
  /** Connections taken since the start. */
  taken: number;
  close(): Promise<void>;
}

/** A bad link in front of a server: a TCP proxy that cuts, holes and delays. */
export async function startLink(target: string): Promise<Link> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const server: Server = createServer((near) => {
    link.taken += 1;
    if (link.state === 'cut') return void near.destroy();
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
      from.on('data', (piece) => {
        if (link.state === 'hole') return;
        if (link.delayMs === 0) to.write(piece);
        else setTimeout(() => to.writable && to.write(piece), link.delayMs);
      });
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const link: Link = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state: 'through',
    delayMs: 0,
    taken: 0,
    breakAll() {
      for (const socket of open) socket.destroy();
    },
    async close() {
      this.breakAll();
      await new Promise((done) => server.close(done));
    },
  };
  return link;
}
