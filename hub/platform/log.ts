import { pino, type DestinationStream, type Logger } from 'pino';
import type { Settings } from './part.ts';

/** `scheme://user:password@host` keeps everything but the password. */
export function withoutPassword(text: string): string {
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]+@/gi, '$1:***@');
}

const secret = ['password', 'token', 'key', 'cookie', 'authorization', 'databaseUrl', 'natsUrl', 'url'];

/** One line of JSON per lifecycle change on standard error; passwords never reach it, in fields, messages or stack traces. */
export function createLog(level: Settings['logLevel'], destination: DestinationStream = pino.destination(2)): Logger {
  const clean = (text: string): string => withoutPassword(text);
  return pino(
    {
      level,
      base: undefined,
      redact: {
        paths: secret.flatMap((name) => [name, `*.${name}`]),
        censor: (value) => (typeof value === 'string' && value.includes('://') ? withoutPassword(value) : '***'),
      },
      serializers: {
        err: (error: Error) => {
          const cause = error.cause instanceof Error ? clean(error.cause.message) : undefined;
          return {
            name: error.name,
            code: (error as { code?: unknown }).code,
            message: clean(error.message),
            cause,
            stack: clean(error.stack ?? ''),
          };
        },
      },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
    },
    destination,
  );
}
