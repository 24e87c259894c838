/** Puts evidence together: what takes it, what releases it, and who may open what was released. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { HubError } from '../../hub/model/error.ts';
import type { Evidence, EvidenceCheck, Manifest } from '../../hub/model/evidence.ts';
import { projectFolder } from '../../hub/platform/migrate.ts';
import type { Context } from '../../hub/platform/part.ts';
import type { Cameras } from '../cameras.ts';
import type { Recording } from '../recording/recording.ts';
import { Recordings } from '../recording/read.ts';
import { evidenceFolder, manifestName, readManifest } from './folder.ts';
import { releasedRoutes } from './http.ts';
import { Releasing } from './release.ts';
import { Taking } from './take.ts';
import { verifyEvidenceOf } from './verify.ts';

export interface EvidencePart {
  routes: (app: FastifyInstance) => void;
  stop(): Promise<void>;
}

/**
 * Answers `evidence.press` {evidence} once the first files are there, `evidence.manifest` {evidence, version} with the manifest,
 * `evidence.check` {evidence} with what became of its files, and `evidence.look` {} by looking at once for what was approved.
 */
export function startEvidence(context: Context, cameras: Cameras, recording: Pick<Recording, 'flush'>): EvidencePart {
  const { bus, settings, store } = context;
  const { version } = JSON.parse(readFileSync(join(projectFolder(), 'package.json'), 'utf8')) as { version: string };
  const software = `hallwatch ${version}`;
  const taking = new Taking({ context, cameras, recordings: new Recordings(store, settings.dataDir), software });
  const releasing = new Releasing({ context, software });
  const answers = [
    bus.answer<{ evidence: string }>('evidence.press', async ({ evidence }) => {
      // The index is a second behind the disk.
      await recording.flush();
      await taking.press(evidence);
      return {};
    }),
    bus.answer<{ evidence: string; version: number }>('evidence.manifest', async ({ evidence, version: asked }) => {
      const folder = evidenceFolder(settings.dataDir, evidence);
      const found = await readManifest<Manifest>(folder, manifestName(asked));
      if (!found) throw new HubError('evidence.unknown', 'there is no such manifest');
      return found.body;
    }),
    bus.answer<{ evidence: string }>('evidence.check', async ({ evidence }): Promise<EvidenceCheck> => {
      const [row] = await store.query<{ body: Evidence }>('select body from evidence where id = $1', [evidence]);
      if (!row) throw new HubError('evidence.unknown', 'there is no such evidence');
      const { ok, files, faults } = await verifyEvidenceOf(store, settings.dataDir, row.body);
      return { ok, files, at: Date.now(), faults: faults.map(({ file, fault }) => ({ file, fault })) };
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
