import { createSocket, type Socket } from 'node:dgram';
import { HubError } from '../../hub/model/error.ts';

/** Room in the kernel for a burst: a key picture may be hundreds of packets. */
const BUFFER = 1024 * 1024;
const TRIES = 30;

/** Two datagram sockets, the first on an even port, the second on the next: RTP and RTCP (RFC 3550 §11). */
export interface Ports {
  rtp: Socket;
  rtcp: Socket;
  port: number;
  close(): void;
}

function bind(version: 4 | 6, host: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: version === 6 ? 'udp6' : 'udp4', recvBufferSize: BUFFER });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, host, () => {
      socket.removeAllListeners('error');
      socket.on('error', () => undefined); // a camera's port that is gone is told by the silence that follows
      resolve(socket);
    });
  });
}

/** Throws `HubError('camera.rtsp')` when there is no free pair. */
export async function bindPorts(version: 4 | 6, host: string): Promise<Ports> {
  for (let i = 0; i < TRIES; i++) {
    const one = await bind(version, host, 0).catch(() => undefined);
    if (!one) break;
    const port = one.address().port;
    const other = await bind(version, host, port % 2 === 0 ? port + 1 : port - 1).catch(() => undefined);
    if (!other) {
      one.close();
      continue;
    }
    const [rtp, rtcp] = port % 2 === 0 ? [one, other] : [other, one];
    return {
      ...{ rtp, rtcp },
      port: rtp.address().port,
      close: () => {
        rtp.close();
        rtcp.close();
      },
    };
  }
  throw new HubError('camera.rtsp', 'no two ports are free for UDP');
}
