/** node-media-server has no types. What is used of it: its RTMP and FLV protocol, without its servers, its store and its pages. */
declare module 'node-media-server/src/core/context.js' {
  import type { Broadcast } from 'node-media-server/src/server/broadcast_server.js';
  const context: { broadcasts: Map<string, Broadcast>; sessions: Map<string, unknown> };
  export default context;
}

declare module 'node-media-server/src/core/logger.js' {
  const logger: { log: (message: string, level?: string) => void };
  export default logger;
}

declare module 'node-media-server/src/server/broadcast_server.js' {
  export interface Broadcast {
    publisher: unknown;
    subscribers: Map<string, { close(): void; res?: import('node:http').ServerResponse }>;
    /** Forgets the publisher and what it sent. */
    _finishPublish(): void;
  }
}

declare module 'node-media-server/src/session/rtmp_session.js' {
  import type { Socket } from 'node:net';
  import type { Broadcast } from 'node-media-server/src/server/broadcast_server.js';
  export default class RtmpSession {
    constructor(socket: Socket);
    id: string;
    isPublisher: boolean;
    broadcast: Broadcast;
    rtmp: {
      inChunkSize: number;
      inPackets: Map<number, unknown>;
      parserPacket: { bytes: number; header: { length: number } };
      onConnectCallback: (request: { app: unknown; name: unknown; query: Record<string, unknown> }) => void;
      onPlayCallback: () => void;
      onPushCallback: () => void;
      onPacketCallback: (packet: unknown) => void;
      onOutputCallback: (bytes: Buffer) => void;
      packetAlloc: () => void;
      packetParse: () => void;
      controlHandler: () => void;
    };
    onConnect: (request: { app: unknown; name: unknown; query: Record<string, unknown> }) => void;
    onPush: () => void;
    onPacket: (packet: unknown) => void;
    onData: (bytes: Buffer) => void;
    onClose: () => void;
    onOutput: (bytes: Buffer) => void;
  }
}

declare module 'node-media-server/src/session/flv_session.js' {
  import type { IncomingMessage, ServerResponse } from 'node:http';
  export default class FlvSession {
    constructor(
      request: IncomingMessage & { params: { app: string; name: string }; query: object; hostname: string },
      response: ServerResponse,
    );
    id: string;
    run: () => void;
  }
}
