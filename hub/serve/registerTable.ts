/** The register (台账, SC-19) as a table in one language; its last row is the head of the chain at that moment. */
import { dayOf } from '../model/calendar.ts';
import type { Channel, RegisterKind, RegisterLine } from '../model/register.ts';
import type { BlindCause } from '../model/duty.ts';
import type { FindingState } from '../model/finding.ts';
import type { PresenceKind } from '../model/presence.ts';
import type { Named } from '../model/world.ts';
import type { Cell, Table } from './exports.ts';
import { headsIn, nameIn, stateWords, timeOf, wordIn, type Language, type Pair } from './tableWords.ts';

const heads: readonly Pair[] = [
  ['台账号', 'Entry'],
  ['巡查编号', 'Patrol'],
  ['方式', 'Kind'],
  ['电子监察员', 'Inspector'],
  ['监察机关', 'Organ'],
  ['日期', 'Day'],
  ['开始', 'Start'],
  ['结束', 'End'],
  ['大厅', 'Hall'],
  ['窗口', 'Window'],
  ['单位', 'Unit'],
  ['点位', 'Camera'],
  ['巡查方法', 'Method'],
  ['是否发现问题', 'Finding'],
  ['问题编码', 'Code'],
  ['问题', 'Misconduct'],
  ['情况', 'What was seen'],
  ['人员', 'Person'],
  ['证据', 'Evidence'],
  ['证据摘要', 'Evidence hash'],
  ['在岗或请假', 'Leave on record'],
  ['通知对象', 'Notified'],
  ['通知时间', 'Notified at'],
  ['单位回复', 'Reply'],
  ['处理结果', 'Result'],
  ['整改核验人', 'Verified by'],
  ['核验时间', 'Verified at'],
  ['关联办件', 'Case'],
  ['满意度', 'Satisfaction'],
  ['扣分', 'Points'],
  ['备注', 'Remarks'],
  ['更正', 'Correction'],
  ['复核签字', 'Signed by'],
  ['复核时间', 'Signed at'],
  ['台账摘要', 'Entry hash'],
];
const kinds: Record<RegisterKind, Pair> = {
  video: ['视频监察', 'Video'],
  data: ['数据监察', 'Data'],
  callback: ['回访监察', 'Call-back'],
  sample: ['抽样监察', 'Sample'],
  onsite: ['现场监察', 'On site'],
};
const channelWords: Record<Channel, Pair> = {
  phone: ['电话', 'Telephone'],
  visit: ['走访', 'In person'],
  online: ['网络', 'On line'],
};
/** GB/T 39046 A.8. */
const satisfactions: readonly Pair[] = [
  ['非常满意', 'Very satisfied'],
  ['满意', 'Satisfied'],
  ['基本满意', 'Fairly satisfied'],
  ['不满意', 'Dissatisfied'],
  ['非常不满意', 'Very dissatisfied'],
];
const findingStates: Record<FindingState, Pair> = {
  recorded: ['待响应', 'To be answered'],
  responded: ['已响应', 'Answered'],
  rectified: ['已整改，待核验', 'Put right, to verify'],
  appealed: ['申诉中', 'Appealed'],
  verified: ['核验通过', 'Verified'],
  withdrawn: ['已撤回', 'Withdrawn'],
};

const causes: Record<BlindCause, Pair> = {
  offline: ['未能巡查：点位离线', 'could not be inspected: offline'],
  frozen: ['未能巡查：画面静止', 'could not be inspected: frozen'],
  black: ['未能巡查：画面全黑', 'could not be inspected: black'],
  covered: ['未能巡查：镜头被遮挡', 'could not be inspected: covered'],
};
const leaves: Record<PresenceKind, Pair> = { leave: ['请假', 'On leave'], paused: ['暂停服务', 'Paused'] };

export interface Head {
  region: string;
  sequence: number;
  hash: string;
}

/** `head` is asked for when every line has been read. */
export function registerTable(
  language: Language,
  chunks: AsyncIterable<RegisterLine[]>,
  head: () => Promise<Head | undefined>,
): Table {
  const said = (pair: Pair | undefined): string | undefined => wordIn(pair, language);
  const name = (thing: Named | undefined): string | undefined => nameIn(thing, language);

  function textOf({ text, visit, channel, reached, kind }: RegisterLine): string {
    const words = [
      ...(channel ? [said(channelWords[channel])] : []),
      ...(kind === 'callback' && reached === false ? [said(['未联系上', 'Not reached'])] : []),
      ...(visit?.verified === undefined
        ? []
        : [
            said([
              `核实 ${visit.verified}/${visit.windows} 个窗口${visit.counts ? '' : '，不计入'}`,
              `${visit.verified} of ${visit.windows} windows verified${visit.counts ? '' : ', does not count'}`,
            ]),
          ]),
      ...(visit?.blind ? [said(causes[visit.blind])] : []),
      ...(text ? [language === 'en' ? (text.en ?? text.zh) : text.zh] : []),
    ];
    return words.filter(Boolean).join(language === 'zh' ? '；' : '; ');
  }
  function resultOf({ state, result }: RegisterLine): string {
    const word = state && (state.of === 'signal' ? stateWords[state.is] : findingStates[state.is]);
    return [said(word), result].filter(Boolean).join(language === 'zh' ? '；' : '; ');
  }
  function correctionOf({ corrects, correctedBy }: RegisterLine): string | undefined {
    if (correctedBy)
      return said([`已由 #${correctedBy.number ?? ''} 更正`, `Corrected by #${correctedBy.number ?? ''}`]);
    return (
      corrects &&
      said([`更正 #${corrects.number ?? ''}：${corrects.why}`, `Corrects #${corrects.number ?? ''}: ${corrects.why}`])
    );
  }
  const row = (line: RegisterLine): Cell[] => [
    line.number,
    line.patrol,
    said(kinds[line.kind]),
    line.by?.name ?? said(['系统', 'System']),
    name(line.organ),
    dayOf(line.from),
    timeOf(line.from),
    timeOf(line.until),
    name(line.hall),
    line.window?.number,
    name(line.department),
    name(line.camera),
    line.method && said(line.method === 'live' ? ['实时', 'Live'] : ['回放', 'Playback']),
    said(line.found ? ['是', 'Yes'] : ['否', 'No']),
    line.code,
    line.what && line.what[language],
    textOf(line),
    [line.person?.staff, line.person?.text].filter(Boolean).join(' ') || undefined,
    line.evidence?.id,
    line.evidence?.sha256,
    line.leave && [said(leaves[line.leave.kind]), line.leave.standIn].filter(Boolean).join(' '),
    line.notified?.whom,
    timeOf(line.notified?.at),
    line.reply?.text,
    resultOf(line),
    line.verified?.name,
    timeOf(line.verified?.at),
    line.casefile?.slice(line.casefile.indexOf(':') + 1),
    line.satisfaction === undefined ? undefined : said(satisfactions[line.satisfaction - 1]),
    line.points,
    line.note,
    correctionOf(line),
    line.review?.name,
    timeOf(line.review?.at),
    line.hash,
  ];
  async function* rows(): AsyncGenerator<Cell[][]> {
    for await (const chunk of chunks) yield chunk.map(row);
    const end = await head();
    if (end) yield [[said([`存证链头 ${end.region}`, `Chain head ${end.region}`]), end.sequence, end.hash]];
  }
  return { name: 'register', heads: headsIn(heads, language), rows: rows() };
}
