import type { LedgerEntry } from '../../hub/model/state.ts';
import { locale, t } from './locale.svelte.ts';
import { places } from './places.svelte.ts';
import { r } from './registerWords.ts';
import { session } from './session.svelte.ts';
import { dayName } from './time.ts';

/** What a ledger entry is about, from its facts, in words. Ids stay in the tooltip. */
export function subjectOf(entry: LedgerEntry): string {
  const { facts } = entry;
  const hall = places.hallName(entry.hall);
  const parts: string[] = [];
  const level = facts.level;
  if (level === 'notice' || level === 'warning' || level === 'correction' || level === 'serious')
    parts.push(session.levelWord(level));
  switch (entry.act) {
    case 'signal.issued':
    case 'signal.acknowledged':
    case 'signal.confirmed':
    case 'signal.dropped':
    case 'signal.correctionClaimed':
    case 'signal.verified':
    case 'signal.sentBack':
    case 'signal.appealed':
    case 'signal.appealUpheld':
    case 'signal.appealRejected':
    case 'signal.escalated':
    case 'signal.revoked':
    case 'signal.urged':
    case 'inquiry.opened':
    case 'inquiry.extended':
    case 'inquiry.closed':
      if (facts.casefile !== undefined) parts.push(t('subject.case', { number: String(facts.casefile) }));
      if (typeof facts.dueOn === 'string') parts.push(t('subject.due', { day: facts.dueOn }));
      if (typeof facts.correctBy === 'string') parts.push(t('subject.correctBy', { day: facts.correctBy }));
      if (entry.act === 'signal.urged') parts.push(t('subject.urge', { number: String(facts.number ?? '') }));
      if (facts.outcome === 'fault' || facts.outcome === 'noFault') parts.push(t(`inquiry.${facts.outcome}`));
      if (typeof facts.reason === 'string' && facts.reason !== '') parts.push(facts.reason);
      break;
    case 'evidence.taken':
    case 'evidence.sealed':
    case 'evidence.requested':
    case 'evidence.approved':
    case 'evidence.refused':
    case 'evidence.released':
    case 'evidence.failed':
    case 'evidence.viewed':
    case 'evidence.removed': {
      const number = places.windowNumber(String(facts.window ?? ''));
      if (number !== undefined) parts.push(t('window', { number }));
      if (facts.act === 'view' || facts.act === 'copy' || facts.act === 'delete')
        parts.push(t(`evidence.act.${facts.act}`));
      for (const words of [facts.why, facts.purpose, facts.reason])
        if (typeof words === 'string' && words !== '') parts.push(words);
      break;
    }
    case 'recording.held':
    case 'recording.releaseRequested':
    case 'recording.released':
    case 'recording.releaseRefused': {
      const number = places.windowNumber(String(facts.window ?? ''));
      if (number !== undefined) parts.push(t('window', { number }));
      if (typeof facts.reason === 'string' && facts.reason !== '') parts.push(facts.reason);
      break;
    }
    case 'register.entered':
    case 'register.corrected': {
      if (facts.kind === 'callback' || facts.kind === 'sample' || facts.kind === 'onsite')
        parts.push(r(`kind.${facts.kind}`));
      const number = places.windowNumber(String(facts.window ?? ''));
      if (number !== undefined) parts.push(t('window', { number }));
      if (typeof facts.reason === 'string') parts.push(facts.reason);
      break;
    }
    case 'register.reviewed':
      if (facts.of === 'visit') parts.push(r('kind.video'));
      if (facts.of === 'signal') parts.push(r('kind.data'));
      break;
    case 'recording.stopped':
      parts.push(t(facts.cause === 'diskFull' ? 'recording.diskFull' : 'recording.diskFailed'));
      break;
    case 'recording.resumed':
      break;
    case 'recording.limited':
      if (typeof facts.days === 'number') parts.push(t('recording.days', { n: facts.days }));
      if (typeof facts.gigabytes === 'number') parts.push(`${facts.gigabytes} GB`);
      break;
    case 'reference.added':
    case 'reference.changed':
    case 'reference.closed':
    case 'reference.reopened':
    case 'reference.removed':
    case 'reference.confirmed':
    case 'reference.refused':
    case 'account.added':
    case 'account.changed':
    case 'account.locked':
    case 'account.unlocked':
    case 'account.passwordReset':
    case 'account.passwordChanged':
    case 'account.sessionsEnded':
    case 'account.reviewed':
    case 'account.confirmed':
    case 'account.refused':
    case 'account.removed':
      if (typeof facts.title === 'string') parts.push(facts.title);
      if (typeof facts.reason === 'string') parts.push(facts.reason);
      break;
    case 'attention.explained': {
      parts.push(String(facts.watcherName ?? ''), String(facts.day ?? ''));
      const number = places.windowNumber(String(facts.window ?? ''));
      if (number !== undefined) parts.push(t('window', { number }));
      break;
    }
    case 'pack.activated':
      parts.push(t('subject.pack', { pack: entry.subject, day: String(facts.effectiveFrom ?? '') }));
      break;
    case 'camera.added':
    case 'camera.changed':
    case 'camera.keyRenewed':
    case 'camera.tested':
    case 'camera.disabled':
    case 'camera.enabled':
      if (typeof facts.name === 'string') parts.push(facts.name);
      if (facts.recording === 'off' || facts.recording === 'watched' || facts.recording === 'always')
        parts.push(t(`recording.${facts.recording}`));
      if (typeof facts.reason === 'string' && facts.reason !== '') parts.push(facts.reason);
      break;
    case 'visit.started':
      if (typeof facts.windows === 'number') parts.push(t('wall.windows', { n: facts.windows }));
      break;
    case 'visit.finished':
      parts.push(facts.counts === true ? t('subject.counts') : t('subject.countsNot'));
      parts.push(t('subject.verified', { verified: Number(facts.verified ?? 0), needed: Number(facts.needed ?? 0) }));
      if (Number(facts.findings) > 0) parts.push(t('visit.findings', { n: Number(facts.findings) }));
      if (Number(facts.refused) > 0) parts.push(t('subject.refusedReports', { n: Number(facts.refused) }));
      break;
    case 'finding.recorded': {
      const number = places.windowNumber(String(facts.window ?? ''));
      if (number !== undefined) parts.push(t('window', { number }));
      parts.push(session.findingName(String(facts.code ?? '')));
      if (facts.snapshot) parts.push(t('subject.snapshot'));
      break;
    }
    case 'duty.planned':
    case 'duty.swapped':
    case 'duty.couldNotInspect':
    case 'draw.committed':
    case 'draw.made':
    case 'draw.published':
    case 'duty.missed':
      if (typeof facts.day === 'string') parts.push(dayName(facts.day, locale.current));
      if (typeof facts.required === 'number') parts.push(t('subject.required', { n: facts.required }));
      if (typeof facts.reason === 'string') parts.push(facts.reason);
      break;
  }
  if (typeof facts.note === 'string' && facts.note !== '') parts.push(facts.note);
  return [hall, ...parts].filter(Boolean).join(' · ');
}
