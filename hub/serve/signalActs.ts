import { z } from 'zod';
import { endOf } from '../model/calendar.ts';
import { identifier, longText, reasonText, shortText } from '../model/fields.ts';
import type { Event } from '../model/event.ts';
import { levels } from '../model/pack.ts';
import { may, type Identity, type Permission } from '../model/rights.ts';
import type { Casefile, Signal } from '../model/state.ts';
import type { Context } from '../platform/part.ts';
import { byPerson, commandId, defined, type Command } from './commands.ts';
import { one, type Route } from './gate.ts';
import { forbidden, read, Refusal, unknown } from './problem.ts';
import { selectCasefile } from './queries/casefiles.ts';
import { selectSignal } from './queries/signals.ts';

interface Body<T> extends Record<string, unknown> {
  body: T;
}

const bodies = {
  acknowledge: z.strictObject({ note: longText.optional() }),
  confirm: z.strictObject({ outcome: z.enum(['issued', 'dropped']), note: reasonText.optional() }),
  claim: z.strictObject({ text: reasonText }),
  verify: z.strictObject({ outcome: z.enum(['accepted', 'sentBack']), note: reasonText.optional() }),
  appeal: z.strictObject({ text: reasonText }),
  decideAppeal: z.strictObject({ outcome: z.enum(['upheld', 'rejected']), reason: reasonText }),
  revoke: z.strictObject({ reason: reasonText }),
  urge: z.strictObject({ text: reasonText, correctBy: z.iso.date('expected a day, YYYY-MM-DD') }),
  openInquiry: z.strictObject({ text: reasonText }),
  extendInquiry: z.strictObject({ days: z.int().min(1).max(60), approver: shortText, reason: reasonText }),
  closeInquiry: z.strictObject({
    outcome: z.enum(['fault', 'noFault']),
    text: reasonText,
    liable: shortText.optional(),
    measure: shortText.optional(),
    report: shortText.optional(),
  }),
};
const issueBody = z
  .strictObject({
    casefile: identifier.optional(),
    window: identifier.optional(),
    level: z.enum(levels),
    article: shortText,
    text: reasonText,
  })
  .refine((body) => body.casefile !== undefined || body.window !== undefined, {
    path: ['casefile'],
    message: 'expected a casefile or a window',
  });

/** The signal, when the person may see it. Who may not confirm drafts does not see them: nobody has issued them. */
export async function signalFor({ store }: Pick<Context, 'store'>, who: Identity, id: string) {
  const signal = (await one<Body<Signal>>(store, selectSignal(id)))?.body;
  return signal && isShown(who, signal) ? signal : undefined;
}

export function isShown(who: Identity, signal: Signal): boolean {
  const isHeld = signal.state === 'draft' || signal.state === 'dropped';
  return (
    may(who, 'signal.read', { region: signal.region, hall: signal.hall }) && (!isHeld || may(who, 'signal.confirm'))
  );
}

/** What a person does to a signal (1.X.3): each route is one event and answers with the signal as it then stands. */
export function signalActRoutes(context: Pick<Context, 'store' | 'world'>, command: Command): Route[] {
  const { store, world } = context;

  /** `round` tells a second correction from a second click on the first. */
  function route<S extends z.ZodType>(
    path: string,
    needs: Permission,
    schema: S,
    eventOf: (input: z.output<S>, signal: Signal) => Pick<Event, 'kind'> & Record<string, unknown>,
    round: (signal: Signal, input: z.output<S>) => string = () => '',
  ): Route {
    return {
      method: 'POST',
      url: `/signals/:id/${path}`,
      needs,
      handle: async (asking): Promise<Signal | Refusal> => {
        const { who, params } = asking;
        const input = read(schema, asking.body ?? {});
        if (input instanceof Refusal) return input;
        const signal = await signalFor(context, who, params['id'] ?? '');
        if (!signal) return unknown('signal');
        const event = {
          ...byPerson(asking, commandId(asking, `${path} ${signal.id}`, round(signal, input))),
          region: signal.region,
          signal: signal.id,
          ...eventOf(input, signal),
        };
        const refused = await command(event as unknown as Event, asking.key !== undefined);
        return refused ?? (await signalFor(context, who, signal.id)) ?? unknown('signal');
      },
    };
  }

  return [
    route('acknowledge', 'signal.acknowledge', bodies.acknowledge, (input) => ({
      kind: 'signal.acknowledged',
      ...defined(input),
    })),
    route(
      'confirm',
      'signal.confirm',
      bodies.confirm,
      (input) => ({ kind: 'signal.confirmed', ...defined(input) }),
      (_, { outcome }) => outcome,
    ),
    route(
      'claim',
      'signal.correct',
      bodies.claim,
      (input) => ({ kind: 'signal.correctionClaimed', ...input }),
      (signal) => String(signal.correction?.answer?.at ?? ''),
    ),
    route(
      'verify',
      'signal.verify',
      bodies.verify,
      (input) => ({ kind: 'signal.verified', ...defined(input) }),
      (signal, { outcome }) => `${outcome} ${signal.correction?.at ?? ''}`,
    ),
    route('appeal', 'signal.appeal', bodies.appeal, (input) => ({ kind: 'signal.appealed', ...input })),
    route(
      'decide-appeal',
      'signal.revoke',
      bodies.decideAppeal,
      (input) => ({ kind: 'signal.appealDecided', ...input }),
      (_, { outcome }) => outcome,
    ),
    route('revoke', 'signal.revoke', bodies.revoke, (input) => ({ kind: 'signal.revoked', ...input })),
    route(
      'urge',
      'signal.urge',
      bodies.urge,
      ({ text, correctBy }) => ({ kind: 'signal.urged', text, correctBy: endOf(correctBy) }),
      (signal) => String(signal.urges?.length ?? 0),
    ),
    route('inquiry', 'inquiry.manage', bodies.openInquiry, (input, signal) => ({
      kind: 'inquiry.opened',
      inquiry: `i${signal.id}`,
      ...input,
    })),
    route('inquiry/extend', 'inquiry.manage', bodies.extendInquiry, (input, signal) => ({
      kind: 'inquiry.extended',
      inquiry: signal.inquiry?.id ?? 'none',
      ...input,
    })),
    route('inquiry/close', 'inquiry.manage', bodies.closeInquiry, (input, signal) => ({
      kind: 'inquiry.closed',
      inquiry: signal.inquiry?.id ?? 'none',
      ...defined(input),
    })),
    {
      method: 'POST',
      url: '/signals',
      needs: 'signal.issue',
      handle: async (asking): Promise<Signal | Refusal> => {
        const { who, now } = asking;
        const input = read(issueBody, asking.body ?? {});
        if (input instanceof Refusal) return input;
        const { casefile: id, window, ...rest } = input;
        const casefile = id === undefined ? undefined : (await one<Body<Casefile>>(store, selectCasefile(id)))?.body;
        if (id !== undefined && (!casefile || !may(who, 'case.read', casefile))) return unknown('casefile');
        const hall = window === undefined ? undefined : world().halls.get(world().windows.get(window)?.hall ?? '');
        const where = casefile ?? (hall && { region: hall.region, hall: hall.id });
        if (!where || (window !== undefined && !hall)) return unknown('window');
        if (!may(who, 'signal.issue', { region: where.region, hall: hall?.id ?? casefile?.hall }))
          return hall && !may(who, 'signal.read', { region: hall.region, hall: hall.id })
            ? unknown('window')
            : forbidden('needs the right signal.issue here');
        // Without a key each asking is a signal of its own.
        const event = byPerson(asking, commandId(asking, 'issue', `${now}`));
        const signal = `h${event.id}`;
        const refused = await command(
          {
            ...event,
            kind: 'signal.issuedByHand',
            region: where.region,
            signal,
            ...(casefile ? { casefile: casefile.number } : {}),
            ...(window === undefined ? {} : { window }),
            ...rest,
          },
          asking.key !== undefined,
        );
        return refused ?? (await signalFor(context, who, signal)) ?? unknown('signal');
      },
    },
  ];
}
