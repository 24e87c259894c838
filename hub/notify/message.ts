/** A notice in words. Chinese first: it goes to the offices of one region. */
import { dayOf } from '../model/calendar.ts';
import { packOf, type World } from '../model/world.ts';
import type { Contact } from '../model/contact.ts';
import type { Notice, NoticeKind } from '../model/notice.ts';
import type { Message } from './channel.ts';

const titles: Record<NoticeKind, string> = {
  issued: '新信号',
  escalated: '信号升级',
  urged: '督办通知',
  claimed: '整改待核验',
  sentBack: '整改被退回',
  verified: '整改已核验',
  appealed: '收到申诉',
  appealUpheld: '申诉成立，信号撤销',
  appealRejected: '申诉不成立',
  revoked: '信号已撤销',
  inquiryOpened: '立项调查',
  inquiryClosed: '调查办结',
};
const longestShort = 280;
const deadline = new Intl.DateTimeFormat('zh-CN', {
  timeZone: 'Asia/Shanghai',
  month: 'numeric',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const awaits: readonly NoticeKind[] = ['issued', 'escalated', 'urged', 'sentBack', 'appealRejected'];

export function messageOf(
  notice: Notice,
  world: World,
  options: { key: string; origin?: string | undefined; recipients: readonly Contact[] },
): Message {
  const word = packOf(world, notice.region, dayOf(notice.at))?.levels[notice.level].word.zh ?? notice.level;
  const department = world.departments.get(notice.department ?? '')?.name;
  const hall = world.halls.get(notice.hall ?? '')?.name;
  const subject = `【${word}】${titles[notice.kind]}：${notice.titleZh}${notice.trial ? '（试运行）' : ''}`;
  const due =
    notice.correctBy !== undefined && awaits.includes(notice.kind)
      ? `请于${deadline.format(notice.correctBy)}前办理并反馈。`
      : '';
  const lines = [
    notice.messageZh,
    ...(due === '' ? [] : [due]),
    ...(department === undefined ? [] : [`责任部门：${department}`]),
    ...(hall === undefined ? [] : [`大厅：${hall}`]),
    '',
    `${notice.titleEn}: ${notice.messageEn}`,
  ];
  const short = `${subject}，${oneLine(notice.messageZh)}${due}`;
  return {
    key: options.key,
    notice,
    subject: oneLine(subject),
    text: lines.join('\n'),
    short: short.length > longestShort ? `${short.slice(0, longestShort - 1)}…` : short,
    ...(options.origin === undefined ? {} : { link: `${options.origin}/signal/${encodeURIComponent(notice.signal)}` }),
    recipients: options.recipients.map(({ name, post, account }) => ({
      name,
      ...(post === undefined ? {} : { post }),
      ...(account === undefined ? {} : { account }),
    })),
  };
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();
