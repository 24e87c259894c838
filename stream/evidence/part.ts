/** Puts evidence together: what takes it, what releases it, and who may open what was released. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { HubError } from '../../hub/model/error.ts';
import type { Manifest } from '../../hub/model/evidence.ts';
import { projectFolder } from '../../hub/platform/migrate.ts';
import type { Context } from '../../hub/platform/part.ts';
import type { Cameras } from '../cameras.ts';
import { Recordings } from '../recording/read.ts';
import { evidenceFolder, manifestName, readManifest } from './folder.ts';
import { releasedRoutes } from './http.ts';
import { Releasing } from './release.ts';
import { Taking } from './take.ts';

export interface EvidencePart {
  routes: (app: FastifyInstance) => void;
  stop(): Promise<void>;
}

/**
 * Answers `evidence.press` {evidence} once the first files are there, `evidence.manifest` {evidence, version} with the manifest,
 * and `evidence.look` {} by looking at once for what was approved.
 */
export function startEvidence(context: Context, cameras: Cameras): EvidencePart {
  const { bus, settings, store } = context;
  const { version } = JSON.parse(readFileSync(join(projectFolder(), 'package.json'), 'utf8')) as { version: string };
  const software = `hallwatch ${version}`;
  const taking = new Taking({ context, cameras, recordings: new Recordings(store, settings.dataDir), software });
  const releasing = new Releasing({ context, software });
  const answers = [
    bus.answer<{ evidence: string }>('evidence.press', async ({ evidence }) => {
      await taking.press(evidence);
      return {};
    }),
    bus.answer<{ evidence: string; version: number }>('evidence.manifest', async ({ evidence, version: asked }) => {
      const folder = evidenceFolder(settings.dataDir, evidence);
      const found = await readManifest<Manifest>(folder, manifestName(asked));
      if (!found) throw new HubError('evidence.unknown', 'there is no such manifest');
      return found.body;
    }),
    bus.answer('evidence.look', async () => {
      void releasing.look();
      return {};
    }),
  ];
  return {
    routes: releasedRoutes(context),
    stop: async () => {
      for (const silence of answers) silence();
      await Promise.all([taking.stop(), releasing.stop()]);
    },
  };
}
