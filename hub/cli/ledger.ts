/** `verify` and `rebuild`: whether the ledger and the derived rows are what the log says. */
import { randomBytes } from 'node:crypto';
import { inWords, verifyEvidence, verifyFolder } from '../../stream/evidence/verify.ts';
import { migrate } from '../platform/migrate.ts';
import { connectStore } from '../platform/postgres.ts';
import { rebuild } from '../record/rebuild.ts';
import { verifyLedger } from '../record/verify.ts';
import { say, withBackend, type Ground } from './backend.ts';
import { table } from './table.ts';

/** True when every chain holds, and every file of evidence is what its manifest and the ledger say. */
export async function verifyCommand(flags: { region?: string; folder?: string; json?: boolean }): Promise<boolean> {
  return withBackend(async ({ store, settings }) => {
    const checked = await verifyLedger(store, flags.region);
    const evidence = await (flags.folder === undefined
      ? verifyEvidence(store, settings.dataDir)
      : verifyFolder(store, flags.folder));
    if (flags.json) console.log(JSON.stringify({ ...checked, evidence }));
    else {
      if (checked.regions.length === 0) console.log('the ledger is empty');
      else {
        const rows = checked.regions.map((each) => [
          each.region,
          String(each.entries),
          each.ok ? 'whole' : `broken at ${each.brokenAt}`,
          each.head ?? '',
        ]);
        console.log(table([['region', 'entries', 'chain', 'head'], ...rows]));
      }
      const { evidence: taken, copies, pictures, files, faults } = evidence;
      const counted = `evidence ${taken}, copies ${copies}, pictures of findings ${pictures}, files ${files}`;
      console.log(faults.length === 0 ? `${counted}: all as written` : [counted, ...faults.map(inWords)].join('\n'));
    }
    return checked.ok && evidence.ok;
  });
}

/** Replays the archive into an empty database beside the real one, compares, and drops it. True when every row is equal. */
export async function rebuildCommand(flags: { json?: boolean }): Promise<boolean> {
  return withBackend(async (ground) => {
    const name = `hallwatch_rebuild_${randomBytes(6).toString('hex')}`;
    await ground.store.query(`create database ${name} template template0 encoding 'UTF8'`);
    try {
      const result = await rebuildInto(ground, name);
      if (flags.json) console.log(JSON.stringify(result));
      else {
        const rows = result.tables.map((each) => [
          each.table,
          String(each.rows),
          String(each.rebuilt),
          each.equal ? 'equal' : 'DIFFERENT',
        ]);
        console.log(table([['table', 'rows', 'rebuilt', ''], ...rows]));
        say(
          `${result.events} events in ${result.seconds.toFixed(1)} s, ${Math.round(result.events / Math.max(result.seconds, 0.001))} a second`,
        );
      }
      return result.equal;
    } finally {
      await ground.store.query(`drop database if exists ${name} with (force)`);
    }
  });
}

async function rebuildInto(ground: Ground, name: string): ReturnType<typeof rebuild> {
  const url = new URL(ground.databaseUrl);
  url.pathname = `/${name}`;
  const target = await connectStore({ url: url.href, log: ground.log });
  try {
    await migrate(target, { log: ground.log });
    return await rebuild(ground.store, target, ground.world());
  } finally {
    await target.close();
  }
}
