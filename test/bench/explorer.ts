import { connectStore, type Store } from '../../hub/platform/postgres.ts';
import { dayOf } from '../../hub/model/calendar.ts';
import { countCases } from '../../hub/serve/counting.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { matterOf, regions, span, writeCases, writePlaces } from './explorerData.ts';
import { quantile, type Report } from './report.ts';

const warm = 5;

/** explorer.*: what the pages ask, over HTTP, at a million cases and ten million events; the floor is one row by its key in the same run. */
export async function explorer(report: Report, { cases = 1_000_000 }: { cases?: number }): Promise<void> {
  const hub = await startTestHub({ settings: { roles: ['serve'] } });
  // Generating takes longer than any statement of the hub may.
  const store = await connectStore({ url: hub.backend.databaseUrl, log: hub.context.log, statementMs: 3_600_000 });
  try {
    const started = performance.now();
    const say = (text: string): void =>
      void process.stderr.write(`  ${text} ${((performance.now() - started) / 1_000).toFixed(0)} s\n`);
    const now = Date.now();
    await writePlaces(store);
    await writeCases(store, cases, now, say);
    while ((await countCases(store)) > 0);
    await store.query('vacuum (analyze) casefile_day, casefile_counted');
    say('counted');
    await hub.backend.reload();
    const [row] = await store.query<{ events: number }>('select count(*) as events from event');
    process.stderr.write(`  ${cases} cases, ${row!.events} events\n`);
    await ask(report, hub, store, cases, now);
  } finally {
    await store.close();
    await hub.stop();
  }
}

async function ask(report: Report, hub: TestHub, store: Store, cases: number, now: number): Promise<void> {
  const cookies = {
    city: await hub.signIn({ name: 'bench-city', role: 'inspector', region: '510100' }),
    county: await hub.signIn({ name: 'bench-county', role: 'inspector', region: regions[0]! }),
    hall: await hub.signIn({
      name: 'bench-hall',
      role: 'hallManager',
      region: regions[0]!,
      hall: `bench-${regions[0]}`,
    }),
  };
  const read = async (who: keyof typeof cookies, path: string): Promise<unknown> => {
    const answer = await fetch(`${hub.address}${path}`, { headers: { cookie: cookies[who] } });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const [late, old] = await Promise.all([
    store.query<{ id: string; number: string; opened_at: number }>(
      `select id, number, opened_at from casefile where ended_at > due_at order by opened_at desc limit 1 offset 5`,
    ),
    store.query<{ id: string; number: string; opened_at: number }>(
      `select id, number, opened_at from casefile where region = $1 order by opened_at limit 1`,
      [regions[0]],
    ),
  ]);
  const time = async (work: (round: number) => Promise<unknown>): Promise<{ first: number; warm: number }> => {
    const took: number[] = [];
    for (let round = 0; round <= warm; round += 1) {
      const from = performance.now();
      await work(round);
      took.push(performance.now() - from);
    }
    return { first: took[0]!, warm: quantile(took.slice(1), 0.5) };
  };
  const floor = await time(() => store.query('select body from casefile where id = $1', [late[0]!.id]));
  const month = `from=${dayOf(now - 30 * 86_400_000)}&to=${dayOf(now)}`;
  const year = `from=${dayOf(now - 365 * 86_400_000)}`;
  const longAgo = (share: number): string => `${Math.floor(now - span * share)}.x`;
  const [common, rare] = [matterOf(0), matterOf(399)];
  const place = `region=${regions[1]}&department=${regions[1]}-b3`;
  const number = old[0]!.number;

  const questions: [name: string, who: keyof typeof cookies, path: (round: number) => string][] = [
    ['cases.all', 'city', () => '/api/casefiles'],
    ['cases.deep', 'city', () => `/api/casefiles?before=${longAgo(0.9)}`],
    ['cases.region', 'city', () => `/api/casefiles?region=${regions[1]}`],
    ['cases.department', 'city', () => `/api/casefiles?department=${regions[1]}-b3`],
    ['cases.matter', 'city', () => `/api/casefiles?matter=${common}`],
    ['cases.matter.rare', 'city', () => `/api/casefiles?matter=${rare}`],
    ['cases.hall', 'city', () => `/api/casefiles?hall=bench-${regions[2]}`],
    ['cases.days', 'city', () => `/api/casefiles?${month}`],
    ['cases.status.completed', 'city', () => '/api/casefiles?status=completed'],
    ['cases.status.withdrawn', 'city', () => '/api/casefiles?status=withdrawn'],
    ['cases.status.none', 'city', () => '/api/casefiles?status=suspended'],
    ['cases.clock.late', 'city', () => '/api/casefiles?clock=late'],
    ['cases.clock.soon', 'city', () => '/api/casefiles?clock=dueSoon'],
    ['cases.clock.onTime', 'city', () => '/api/casefiles?clock=onTime'],
    ['cases.clock.open', 'city', () => '/api/casefiles?clock=open'],
    ['cases.late.deep', 'city', () => `/api/casefiles?clock=late&before=${longAgo(0.9)}`],
    ['cases.region+late', 'city', () => `/api/casefiles?region=${regions[1]}&clock=late`],
    ['cases.place+late', 'city', () => `/api/casefiles?${place}&clock=late`],
    ['cases.place+withdrawn', 'city', () => `/api/casefiles?${place}&status=withdrawn`],
    ['cases.matter+late', 'city', () => `/api/casefiles?matter=${rare}&clock=late`],
    ['cases.matter+department', 'city', () => `/api/casefiles?matter=${common}&department=${regions[1]}-b3`],
    ['cases.matter+department.none', 'city', () => `/api/casefiles?matter=${matterOf(1)}&department=${regions[1]}-b3`],
    ['cases.number', 'city', () => `/api/casefiles?text=${number}`],
    ['cases.number.day', 'city', () => `/api/casefiles?text=${number.slice(0, 8)}`],
    ['cases.number.year', 'city', () => `/api/casefiles?text=${number.slice(0, 4)}`],
    ['cases.number.none', 'city', () => '/api/casefiles?text=199901010'],
    ['cases.number.county', 'county', () => `/api/casefiles?text=${number.slice(0, 6)}`],
    ['cases.name', 'city', () => `/api/casefiles?text=${encodeURIComponent('事项 B-39')}`],
    ['cases.name+late', 'city', () => `/api/casefiles?text=${encodeURIComponent('事项 B-399')}&clock=late`],
    [
      'cases.everything',
      'city',
      () =>
        `/api/casefiles?${place}&hall=bench-${regions[1]}&matter=${matterOf(27)}&status=completed&clock=late&text=2&${year}`,
    ],
    [
      'cases.everything.none',
      'city',
      () =>
        `/api/casefiles?${place}&hall=bench-${regions[1]}&matter=${matterOf(27)}&status=declined&clock=late&text=2&${year}`,
    ],
    ['cases.manager', 'hall', () => '/api/casefiles'],
    ['cases.manager.late', 'hall', () => '/api/casefiles?clock=late'],
    ['case.page', 'city', () => `/api/casefiles/${encodeURIComponent(late[0]!.id)}`],
    ['case.page.old', 'city', () => `/api/casefiles/${encodeURIComponent(old[0]!.id)}`],
    ['signals.open', 'city', () => '/api/signals?state=open&limit=50'],
    ['signals.all', 'city', () => '/api/signals?state=all&limit=50'],
    ['signals.deep', 'city', () => `/api/signals?state=all&limit=50&before=${longAgo(0.9)}`],
    ['signals.region', 'city', () => `/api/signals?state=all&region=${regions[1]}&limit=50`],
    ['signals.department', 'city', () => `/api/signals?state=all&department=${regions[1]}-b3&limit=50`],
    ['signals.matter', 'city', () => `/api/signals?state=all&matter=${rare}&limit=50`],
    ['signals.level', 'city', () => '/api/signals?state=all&level=correction&limit=50'],
    ['signals.level.none', 'city', () => '/api/signals?state=all&level=serious&limit=50'],
    ['signals.rule', 'city', () => '/api/signals?state=all&rule=over-promised&limit=50'],
    ['signals.rule.none', 'city', () => '/api/signals?state=all&rule=nobody&limit=50'],
    ['signals.trial.none', 'city', () => '/api/signals?state=all&trial=true&limit=50'],
    ['signals.days', 'city', () => `/api/signals?state=all&${month}&limit=50`],
    [
      'signals.everything',
      'city',
      () =>
        `/api/signals?state=closed&${place}&matter=${matterOf(27)}&level=correction&rule=over-promised&trial=false&${year}&limit=50`,
    ],
    ['signals.manager', 'hall', () => '/api/signals?state=all&limit=50'],
    // Another last day each time: the answer is kept for a while.
    ['statistics.year', 'city', (round) => `/api/statistics?${year}&to=${dayOf(now - round * 86_400_000)}`],
    [
      'statistics.threeYears',
      'city',
      (round) => `/api/statistics?from=${dayOf(now - span)}&to=${dayOf(now - round * 86_400_000)}`,
    ],
    [
      'statistics.county',
      'city',
      (round) => `/api/statistics?region=${regions[1]}&${year}&to=${dayOf(now - round * 86_400_000)}`,
    ],
    ['statistics.manager', 'hall', (round) => `/api/statistics?${year}&to=${dayOf(now - round * 86_400_000)}`],
    ['statistics.comparison', 'city', () => `/api/statistics/comparison?matter=${common}&${year}`],
    ['statistics.comparison.rare', 'city', () => `/api/statistics/comparison?matter=${rare}&${year}`],
    [
      'statistics.comparison.threeYears',
      'city',
      () => `/api/statistics/comparison?matter=${common}&from=${dayOf(now - span)}`,
    ],
    ['halls', 'city', () => '/api/halls'],
    ['hall.page', 'city', () => `/api/halls/bench-${regions[0]}`],
    ['hall.timeline', 'city', () => `/api/halls/bench-${regions[0]}/timeline?minutes=60`],
    ['hall.window', 'city', () => `/api/windows/bench-${regions[0]}-3/events`],
  ];
  for (const [name, who, path] of questions) {
    const took = await time((round) => read(who, path(round)));
    const figure = { unit: 'ms', goal: '< 200', against: 'one row by its key', n: cases };
    report.add({ ...figure, name: `explorer.${name}`, value: took.warm, floor: floor.warm });
    report.add({ ...figure, name: `explorer.${name}.first`, value: took.first, floor: floor.first });
  }
}
